package templates

import (
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// pagesIn returns pages in English and the given languages, independent of the
// application's own translations.
func pagesIn(t *testing.T, languages ...string) *Pages {
	t.Helper()
	files := fstest.MapFS{"messages/en.json": embedded(t)["messages/en.json"]}
	for _, lang := range languages {
		files["messages/"+lang+".json"] = &fstest.MapFile{Data: []byte("{}")}
	}
	p, err := newFrom(files, Options{})
	require.NoError(t, err)
	return p
}

func TestLanguageFollowsAcceptLanguage(t *testing.T) {
	p := pagesIn(t, "de", "zh-Hans")
	for header, want := range map[string]string{
		"":                                    "en",
		"zh":                                  "zh-Hans",
		"zh-CN":                               "zh-Hans",
		"zh-Hans":                             "zh-Hans",
		"zh-SG":                               "zh-Hans",
		"zh-hans-cn":                          "zh-Hans",
		"de":                                  "de",
		"DE-at":                               "de",
		"de-CH":                               "de",
		"en-GB":                               "en",
		"fr":                                  "en",
		"zh-TW":                               "en",
		"zh-Hant-HK":                          "en",
		"nds":                                 "en",
		"*":                                   "en",
		"de;q=0":                              "en",
		"en-GB,de":                            "en",
		"fr,zh-TW;q=0.9,de-DE;q=0.8,en;q=0.7": "de",
		"en;q=0.2,de;q=0.5,zh-CN;q=0.9":       "zh-Hans",
		"de-DE, de;q=0.9, en;q=0.8":           "de",
		"de,\x00":                             "en",
		"!!!":                                 "en",
		";;;,,,":                              "en",
	} {
		for range 2 { // the second time from the cache
			r := anyRequest()
			if header != "" {
				r.Header.Set("Accept-Language", header)
			}
			assert.Equal(t, want, p.inLanguage(r).lang, header)
		}
	}
}

func TestLanguageOfSeveralHeaderLines(t *testing.T) {
	r := anyRequest()
	r.Header["Accept-Language"] = []string{"fr", "de;q=0.5"}
	assert.Equal(t, "de", pagesIn(t, "de", "zh-Hans").inLanguage(r).lang)
}

func TestLongAcceptLanguageIsCutBeforeItIsRead(t *testing.T) {
	long := "de," + strings.Repeat("fr-FR,", 10_000)
	assert.LessOrEqual(t, len(acceptLanguage([]string{long})), maxAcceptLanguage)
	assert.LessOrEqual(t, len(acceptLanguage([]string{strings.Repeat("x", 1000), "de"})), maxAcceptLanguage)
	assert.False(t, strings.HasSuffix(acceptLanguage([]string{strings.Repeat("de-AT,", 50)}), "de-A"), "no half of a tag")

	p := pagesIn(t, "de", "zh-Hans")
	assert.Equal(t, "de", p.inLanguage(requestIn(long)).lang, "the first language still counts")
	for _, hostile := range []string{
		strings.Repeat("a-", 16_000), strings.Repeat(",", 32_000), "x-" + strings.Repeat("a", 30_000),
		strings.Repeat("de;q=0.1;", 3000), strings.Repeat("zh-Hant-", 4000),
	} {
		assert.LessOrEqual(t, len(acceptLanguage([]string{hostile})), maxAcceptLanguage)
		assert.Equal(t, "en", p.inLanguage(requestIn(hostile)).lang)
	}
}

func TestCachedLanguagesAreLimited(t *testing.T) {
	p := pagesIn(t, "de", "zh-Hans")
	for i := range 10 * maxCached {
		p.inLanguage(requestIn("fr-FR;q=0." + strconv.Itoa(i)))
	}
	n := 0
	p.choose.cached.Range(func(any, any) bool { n++; return true })
	assert.LessOrEqual(t, n, maxCached)
	assert.Equal(t, "de", p.inLanguage(requestIn("de-LI")).lang, "headers beyond the limit still work")
}

func TestPageNamesItsLanguage(t *testing.T) {
	p := pagesIn(t, "de", "zh-Hans")
	for _, lang := range languages(p) {
		rec := httptest.NewRecorder()
		rec.Header().Set("Vary", "Cookie")
		require.NoError(t, p.Write(rec, requestIn(lang), http.StatusOK, Chrome{}, SignIn{}))
		assert.Equal(t, lang, rec.Header().Get("Content-Language"))
		assert.Equal(t, []string{"Cookie", "Accept-Language"}, rec.Header().Values("Vary"))
		assert.Contains(t, rec.Body.String(), `<html lang="`+lang+`" dir="ltr">`)
	}
}
