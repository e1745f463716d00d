package templates

import (
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// knownNumbers are the numbers that users can meet, from Microsoft's list.
const knownNumbers = `
50011 900971 65001 90094 90095 65004 50105 7000215 7000222 7000218 700025 700027 700024 50012 700016 700011
90002 90038 900439 50194 50020 16000 50034 51004 53003 53000 53001 53002 50076 50079 50072 50074
50058 16002 54005 70008 700082 50173 70043 501481 50147 700005 9002313 900144 70011 28003 700022
50057 50053 50055 50196 90055 90033 50033`

// knownB2CNumbers are numbers of Azure AD B2C.
const knownB2CNumbers = "90118"

// numbers returns all known numbers with their prefix.
func numbers() []string {
	var all []string
	for _, digits := range strings.Fields(knownNumbers) {
		all = append(all, "AADSTS"+digits)
	}
	for _, digits := range strings.Fields(knownB2CNumbers) {
		all = append(all, "AADB2C"+digits)
	}
	return all
}

func TestEveryNumberIsExplained(t *testing.T) {
	p := mustPages(t, Options{})
	assert.Len(t, p.explain, len(numbers()))
	concrete := regexp.MustCompile(`[A-Z]+_[A-Z_]+|AUTHORITY|SCOPE|App registrations|Enterprise applications|Users|Protection|sign-in logs|Nothing|nothing|aka\.ms`)
	for _, number := range numbers() {
		e, ok := p.Explain(number)
		require.True(t, ok, number)
		assert.Regexp(t, concrete, p.source().text(e.Remedy), number)
		assert.True(t, e.Heading == "" || p.Has(e.Heading), number)
		for _, m := range []Message{e.Sentence, e.Next, e.Remedy} {
			assert.True(t, p.Has(m), "%s %s", number, m)
		}
	}
}

func TestNumberBelongsToOneGroup(t *testing.T) {
	seen, seenB2C := map[int]string{}, map[int]string{}
	for _, g := range aadstsGroups() {
		for _, n := range g.numbers {
			assert.Empty(t, seen[n], n)
			seen[n] = g.name
		}
		for _, n := range g.b2c {
			assert.Empty(t, seenB2C[n], n)
			seenB2C[n] = g.name
		}
	}
}

func TestNamesOfVariablesAreNotTranslated(t *testing.T) {
	variable := regexp.MustCompile(`\b[A-Z]{2,}(?:_[A-Z]+)+\b|\bAUTHORITY\b|\bSCOPE\b|\bENDPOINT\b`)
	p := mustPages(t, Options{})
	for _, c := range p.languages[1:] {
		for m := range p.source().texts {
			assert.Equal(t, unique(variable.FindAllString(p.source().text(m), -1)),
				unique(variable.FindAllString(c.text(m), -1)), "%s %s", c.lang, m)
		}
	}
}

func unique(all []string) map[string]bool {
	set := map[string]bool{}
	for _, s := range all {
		set[s] = true
	}
	return set
}
