package http

import (
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"webapp/internal/domain"
	"webapp/templates"
)

func mustPages(t testing.TB) *templates.Pages {
	t.Helper()
	p, err := templates.New(templates.Options{AppName: "Fabrikam Reports"})
	require.NoError(t, err)
	return p
}

// languages returns the tags of all catalogues.
func languages(t *testing.T) []string {
	t.Helper()
	names, err := filepath.Glob("../../../templates/messages/*.json")
	require.NoError(t, err)
	require.NotEmpty(t, names)
	for i, name := range names {
		names[i] = strings.TrimSuffix(path.Base(name), ".json")
	}
	return names
}

// words returns the text of a page without tags and with single spaces.
func words(page string) string {
	text := regexp.MustCompile(`(?s)<[^>]*>`).ReplaceAllString(page, " ")
	text = strings.Join(strings.Fields(html.UnescapeString(text)), " ")
	return regexp.MustCompile(` ([,.:!?])`).ReplaceAllString(text, "$1")
}

// ourWords returns the text of a page without the elements that show data.
func ourWords(page string) string {
	data := regexp.MustCompile(`(?s)<(code|bdi|time|dd|table)[ >].*?</(code|bdi|time|dd|table)>`)
	return words(data.ReplaceAllString(page, ""))
}

// numbers returns the AADSTS numbers with an explanation.
func numbers(t *testing.T, p *templates.Pages) []int {
	t.Helper()
	var all []int
	text := []byte("AADSTS")
	for number := range 10_000_000 { // none has more digits
		if _, ok := p.Explain(string(strconv.AppendInt(text, int64(number), 10))); ok {
			all = append(all, number)
		}
	}
	require.NotEmpty(t, all)
	return all
}

func failing(t *testing.T) *app {
	t.Helper()
	now := time.Date(2026, 11, 23, 16, 9, 0, 0, time.UTC)
	return &app{pages: mustPages(t), Config: Config{
		Domain: &domain.Service{}, Logger: slog.New(slog.DiscardHandler), Now: func() time.Time { return now },
	}}
}

func failed(t *testing.T, a *app, err error, header ...string) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequest(http.MethodPost, "/getAToken", nil)
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	rec := httptest.NewRecorder()
	a.fail(rec, r, err)
	return rec
}

// kinds returns the kinds of errors that a provider can report.
func kinds() []error {
	return []error{domain.ErrDeclined, domain.ErrInteractionRequired, domain.ErrProviderRefused, domain.ErrProviderUnavailable}
}

func TestNumbersChangeOnlyTexts(t *testing.T) {
	a := failing(t)
	tried := append(numbers(t, a.pages), 1, 99999, 2147483647)
	links := regexp.MustCompile(`<a class="button[^>]* href="([^"]*)">[^<]*</a>`)
	for _, kind := range kinds() {
		plain := failed(t, a, &domain.ProviderError{Kind: kind, Code: "some_error"})
		plain.Header().Del("Content-Length")
		was := links.FindAllStringSubmatch(plain.Body.String(), -1)
		for _, number := range tried {
			got := failed(t, a, &domain.ProviderError{Kind: kind, Code: "some_error", Number: number})
			assert.Equal(t, plain.Code, got.Code, number)
			is := links.FindAllStringSubmatch(got.Body.String(), -1)
			if known, _ := a.pages.Explain((&domain.ProviderError{Number: number}).NumberText()); known.NeedsAdmin {
				assert.Equal(t, `<a class="button" href="/">Go to the home page</a>`, is[0][0], "signing in again does not help: %d", number)
				assert.ElementsMatch(t, addresses(was), addresses(is), number)
			} else {
				assert.Equal(t, was, is, number)
			}
			got.Header().Del("Content-Length")
			assert.Equal(t, plain.Header(), got.Header(), number)
		}
	}
}

// addresses returns the URLs of links.
func addresses(links [][]string) (all []string) {
	for _, link := range links {
		all = append(all, link[1])
	}
	return all
}

func TestUnknownNumberKeepsTheGeneralText(t *testing.T) {
	a := failing(t)
	for _, kind := range kinds() {
		sentence := a.pages.Text(errorPageFor(kind).message("sentence"))
		page := words(failed(t, a, &domain.ProviderError{Kind: kind, Number: 1234567}).Body.String())
		assert.Contains(t, page, sentence)
		assert.Contains(t, page, "Error number: AADSTS1234567")
		assert.Contains(t, page, "Time: 2026-11-23 16:09:00Z", "as Entra writes it")
	}
}

func TestErrorPageHelpsPersonAndAdministrator(t *testing.T) {
	err := &domain.SignInFailure{ReturnTo: "/reports", Cause: &domain.ProviderError{
		Kind: domain.ErrProviderRefused, Code: "invalid_client", Number: 7000215,
		CorrelationID: "2b8e1b9c-3c0f-4a59-9a65-7b1a8a5d9f01", TraceID: "9a3e7d54-8d7c-4a1f-b6a3-0f5a4c3b2a00", Timestamp: "2026-11-23 16:09:57Z",
	}}
	for lang, says := range map[string][]string{
		"en":      {"could not prove its identity", "not the Secret ID", "Give the details below to your administrator.", "Correlation ID: 2b8e1b9c", "Time: 2026-11-23 16:09:57Z"},
		"de":      {"Der geheime Clientschlüssel ist falsch", "„Zertifikate & Geheimnisse“", "Korrelations-ID: 2b8e1b9c", "Erneut anmelden"},
		"zh-Hans": {"无法向登录服务证明其身份", "“证书和密码”", "相关 ID：2b8e1b9c", "重新登录"},
	} {
		if !slices.Contains(languages(t), lang) {
			continue // an application in one language only
		}
		rec := failed(t, failing(t), err, "Accept-Language", lang)
		page := rec.Body.String()
		for _, said := range append(says, "AADSTS7000215", "invalid_client", "CLIENT_SECRET", "9a3e7d54-8d7c-4a1f-b6a3-0f5a4c3b2a00") {
			assert.Contains(t, words(page), said)
		}
		assert.Contains(t, page, `href="https://login.microsoftonline.com/error?code=7000215"`)
		assert.Contains(t, page, `href="/login?return_to=%2Freports"`)
		assert.Equal(t, lang, rec.Header().Get("Content-Language"))
		assert.Equal(t, http.StatusForbidden, rec.Code)
	}
}

func TestTheHeadingDependsOnTheNumber(t *testing.T) {
	a := failing(t)
	for number, heading := range map[int]string{65004: "Sign-in was cancelled", 0: "Sign-in was cancelled", 53003: "The sign-in service refused the sign-in"} {
		page := failed(t, a, &domain.ProviderError{Kind: domain.ErrDeclined, Code: "access_denied", Number: number}).Body.String()
		assert.Contains(t, page, "<h1>"+heading+"</h1>")
	}
}

// Cancelling at the account picker declines no permissions. The heading about
// missing access appears for every kind of error with that cause.
func TestHeadingsNameTheCause(t *testing.T) {
	a := failing(t)
	for _, c := range []struct {
		err     error
		heading string
		not     string
	}{
		{&domain.ProviderError{Kind: domain.ErrDeclined, Code: "access_denied", Number: 65004}, "Sign-in was cancelled", "declined"},
		{&domain.ProviderError{Kind: domain.ErrDeclined, Code: "access_denied", Number: 50105}, "You do not have access to this application", "refused"},
		{&domain.ProviderError{Kind: domain.ErrProviderRefused, Code: "invalid_grant", Number: 50105}, "You do not have access to this application", "refused"},
		{domain.ErrTenantNotAllowed, "You do not have access to this application", "refused"},
	} {
		page := words(failed(t, a, c.err).Body.String())
		assert.Contains(t, page, c.heading)
		assert.NotContains(t, page, c.not)
	}
}

// Azure AD B2C has its own numbers: 90118 means that the user forgot the password,
// although the error is access_denied.
func TestForgottenPasswordAtB2CIsNotDeclined(t *testing.T) {
	forgotten := &domain.ProviderError{Kind: domain.ErrDeclined, Code: "access_denied", B2CNumber: 90118}
	rec := failed(t, failing(t), forgotten)
	page := rec.Body.String()
	assert.Equal(t, http.StatusForbidden, rec.Code)
	assert.Contains(t, page, "<h1>You forgot your password</h1>")
	assert.Contains(t, words(page), "AADB2C90118")
	assert.NotContains(t, ourWords(page), "declined")
	assert.NotContains(t, page, "microsoftonline.com/error", "Microsoft's list of numbers does not include it")

	var doc map[string]any
	require.NoError(t, json.Unmarshal(failed(t, failing(t), forgotten, "Accept", "application/json").Body.Bytes(), &doc))
	assert.InDelta(t, 90118, doc["aadb2c"], 0)
	assert.NotContains(t, doc, "aadsts")
}

func TestDirectoryRefusalNamesThePermission(t *testing.T) {
	cause := &domain.ProviderError{Kind: domain.ErrProviderRefused, Code: "Authorization_RequestDenied", CorrelationID: "2b8e1b9c-3c0f-4a59-9a65-7b1a8a5d9f01"}
	rec := failed(t, failing(t), fmt.Errorf("%w: %w", domain.ErrDirectoryRefused, cause))
	page := words(rec.Body.String())
	assert.Equal(t, http.StatusForbidden, rec.Code)
	for _, said := range []string{"Your organization's directory does not allow", "GroupMember.Read.All", "Authorization_RequestDenied", "2b8e1b9c"} {
		assert.Contains(t, page, said)
	}
	assert.NotContains(t, page, "refused the sign-in")
	assert.NotContains(t, page, "another account")
}

// Waiting does not help if the tenant does not exist.
func TestAProviderThatDoesNotFitIsNoOutage(t *testing.T) {
	refused := fmt.Errorf("%w: %w", domain.ErrProviderSetup, &domain.ProviderError{Kind: domain.ErrProviderUnavailable, Code: "invalid_tenant", Number: 90002})
	rec := failed(t, failing(t), refused)
	page := words(rec.Body.String())
	assert.Equal(t, http.StatusServiceUnavailable, rec.Code)
	assert.Contains(t, page, "AADSTS90002")
	assert.Contains(t, page, "does not know the organization that this application is set up for")
	assert.NotContains(t, page, "Wait a moment")
	other := words(failed(t, failing(t), fmt.Errorf("%w: %w", domain.ErrProviderSetup, domain.ErrProviderUnavailable)).Body.String())
	assert.Contains(t, other, "webapp doctor")
	assert.NotContains(t, other, "Wait a moment")
}

func TestEveryErrorHasAPageInEveryLanguage(t *testing.T) {
	a := failing(t)
	for _, row := range slices.Concat(errorTable, []errorPage{internalPage}) {
		err := row.is
		if err == nil {
			err = errors.New("anything")
		}
		for _, lang := range languages(t) {
			rec := failed(t, a, fmt.Errorf("wrapped: %w", err), "Accept-Language", lang)
			assert.Equal(t, row.status, rec.Code)
			assert.Contains(t, rec.Body.String(), `<html lang="`+lang+`"`)
			assert.NotContains(t, ourWords(rec.Body.String()), "error.", row.name)
		}
	}
}

func TestProblemDocumentsAreEnglish(t *testing.T) {
	rec := failed(t, failing(t), &domain.ProviderError{Kind: domain.ErrInteractionRequired, Code: "interaction_required", Number: 50076},
		"Accept", "application/json", "Accept-Language", "de")
	var doc map[string]any
	require.NoError(t, json.Unmarshal(rec.Body.Bytes(), &doc))
	assert.Equal(t, "en", rec.Header().Get("Content-Language"))
	assert.Equal(t, "application/problem+json", rec.Header().Get("Content-Type"))
	assert.Equal(t, "Your organization requires multi-factor authentication for this sign-in. Sign in again and verify your identity when you are asked.", doc["detail"])
	assert.InDelta(t, 50076, doc["aadsts"], 0)
}

func TestALoopKeepsItsWordsAndShowsTheCause(t *testing.T) {
	cause := &domain.ProviderError{Kind: domain.ErrInteractionRequired, Code: "interaction_required", Number: 50076}
	rec := failed(t, failing(t), fmt.Errorf("%w: %w", domain.ErrSignInLoop, &domain.InteractionRequired{Cause: cause}))
	assert.Equal(t, http.StatusForbidden, rec.Code)
	page := words(rec.Body.String())
	assert.Contains(t, page, "Signing in again did not help")
	assert.NotContains(t, page, "Sign in again and verify", "the user has just done that")
	assert.Contains(t, page, "50076")
}

func TestErrorPageHasTheNavigationOfTheSignedInUser(t *testing.T) {
	a := failing(t)
	for _, c := range []struct {
		err   error
		their bool
	}{{domain.ErrStoreUnavailable, true}, {&domain.InteractionRequired{}, true}, {domain.ErrNotSignedIn, false}} {
		r := httptest.NewRequest(http.MethodPost, "/call_api", nil)
		o := &observation{Context: r.Context(), session: &domain.Session{User: domain.User{Name: "Ada Lovelace"}}}
		rec := httptest.NewRecorder()
		a.fail(rec, r.WithContext(o), c.err)
		assert.Equal(t, c.their, strings.Contains(rec.Body.String(), "Ada Lovelace"), c.err)
		assert.Equal(t, c.their, strings.Contains(rec.Body.String(), `action="/logout"`), c.err)
	}
}

func TestErrorTextsAllHaveAnError(t *testing.T) {
	names := map[string]bool{}
	for _, row := range slices.Concat(errorTable, []errorPage{internalPage, tooLargePage}) {
		names[row.name] = true
	}
	file, err := os.ReadFile("../../../templates/messages/" + templates.SourceLanguage + ".json")
	require.NoError(t, err)
	var texts map[string]string
	require.NoError(t, json.Unmarshal(file, &texts))
	kind := regexp.MustCompile(`^error\.([a-z]+)\.(heading|sentence|why|next)$`)
	for key := range texts {
		if m := kind.FindStringSubmatch(key); m != nil {
			assert.True(t, names[m[1]], key)
		}
	}
}
