package observe

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"

	"webapp/internal/domain"
	"webapp/internal/ports"
)

func deployed(t *testing.T, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("..", "..", "..", "deploy", "observability", name))
	require.NoError(t, err)
	return data
}

// exported are the names of all series that an application can export, and
// Prometheus's own "up".
func exported(t *testing.T) map[string]bool {
	m := NewMetrics("v1", time.Now)
	m.WatchCredential(func() (time.Time, bool) { return time.Now(), true })
	m.WatchSessions(func(context.Context) (int, error) { return 1, nil })
	m.Request("GET", "/", 200, time.Millisecond)
	m.calls.WithLabelValues("token", "2xx").Observe(1)
	names := map[string]bool{"up": true}
	for line := range strings.Lines(scrape(t, m)) {
		if !strings.HasPrefix(line, "#") {
			names[line[:strings.IndexAny(line, "{ ")]] = true
		}
	}
	return names
}

var (
	quoted   = regexp.MustCompile(`"[^"]*"`)
	matchers = regexp.MustCompile(`\{[^}]*\}|\[[^\]]*\]`)
	grouping = regexp.MustCompile(`\b(by|without)\s*\([^)]*\)`)
	word     = regexp.MustCompile(`[a-zA-Z_:][a-zA-Z0-9_:]*\s*\(?`)
)

// metricsIn are the names in a PromQL expression that are metrics: what is
// left without strings, matchers, ranges, groupings, functions and operators.
func metricsIn(expr string) (names []string) {
	for _, drop := range []*regexp.Regexp{quoted, matchers, grouping} {
		expr = drop.ReplaceAllString(expr, " ")
	}
	for _, found := range word.FindAllString(expr, -1) {
		name := strings.TrimSpace(found)
		switch {
		case strings.HasSuffix(name, "("), name == "and", name == "or", name == "unless":
		default:
			names = append(names, name)
		}
	}
	return names
}

func TestMetricsInAnExpression(t *testing.T) {
	assert.Equal(t, []string{"a_bucket", "b", "c"}, metricsIn(
		`histogram_quantile(0.9, sum by (le, x) (rate(a_bucket{x=~"d|e", y="f"}[$__rate_interval]))) / b{g="h(i)"} > 3 and c - time() < 30 * 86400`))
}

func checkExpression(t *testing.T, known map[string]bool, where, expr string) {
	t.Helper()
	names := metricsIn(expr)
	assert.NotEmpty(t, names, where)
	for _, name := range names {
		assert.True(t, known[name], "%s names %s, which is not exported", where, name)
	}
	for _, pair := range []string{"()", "{}", "[]"} {
		assert.Equal(t, strings.Count(expr, pair[:1]), strings.Count(expr, pair[1:]), "%s: %s", where, pair)
	}
}

func TestDashboardNamesWhatIsExported(t *testing.T) {
	var dashboard struct {
		Title       string
		UID         string
		Annotations struct{ List []struct{ Expr string } }
		Panels      []struct {
			ID      int
			Title   string
			GridPos struct{ X, Y, W, H int }
			Targets []struct{ Expr, RefID string }
		}
	}
	require.NoError(t, json.Unmarshal(deployed(t, "dashboard.json"), &dashboard))
	known, ids := exported(t), map[int]bool{}
	require.NotEmpty(t, dashboard.Panels)
	for _, p := range dashboard.Panels {
		assert.False(t, ids[p.ID], "two panels have the ID %d", p.ID)
		ids[p.ID] = true
		assert.LessOrEqual(t, p.GridPos.X+p.GridPos.W, 24, p.Title)
		require.NotEmpty(t, p.Targets, p.Title)
		for _, target := range p.Targets {
			checkExpression(t, known, p.Title, target.Expr)
		}
	}
	for _, a := range dashboard.Annotations.List {
		checkExpression(t, known, "annotation", a.Expr)
	}
}

func TestAlertsNameWhatIsExported(t *testing.T) {
	var file struct {
		Groups []struct {
			Name  string
			Rules []struct {
				Alert       string
				Expr        string
				For         string
				Labels      map[string]string
				Annotations map[string]string
			}
		}
	}
	require.NoError(t, yaml.Unmarshal(deployed(t, "alerts.yaml"), &file))
	known, seen := exported(t), map[string]bool{}
	require.NotEmpty(t, file.Groups)
	for _, rule := range file.Groups[0].Rules {
		require.NotEmpty(t, rule.Alert)
		assert.False(t, seen[rule.Alert], "two alerts are called %s", rule.Alert)
		seen[rule.Alert] = true
		checkExpression(t, known, rule.Alert, rule.Expr)
		if rule.For != "" {
			_, err := time.ParseDuration(rule.For)
			assert.NoError(t, err, rule.Alert)
		}
		assert.Contains(t, []string{"warning", "critical"}, rule.Labels["severity"])
		assert.NotEmpty(t, rule.Annotations["summary"])
		assert.NotEmpty(t, rule.Annotations["description"])
	}
}

var (
	reasonsAsked = regexp.MustCompile(`reason=~?\\?"([^"\\]+)`)
	causesAsked  = regexp.MustCompile(`cause=~?\\?"([^"\\]+)`)
)

// valuesIn returns the alternatives that the matchers of a label name.
func valuesIn(text string, matcher *regexp.Regexp) (values []string) {
	for _, found := range matcher.FindAllStringSubmatch(text, -1) {
		values = append(values, strings.Split(found[1], "|")...)
	}
	return values
}

// The label values that alerts and dashboard ask for are words of the code: one
// that is misspelt would never fire.
func TestLabelValuesExist(t *testing.T) {
	alerts, dashboard := string(deployed(t, "alerts.yaml")), string(deployed(t, "dashboard.json"))
	reasons := valuesIn(alerts+dashboard, reasonsAsked)
	assert.Subset(t, domain.AuditReasons(), reasons)
	for _, must := range []error{
		domain.ErrProviderUnavailable, domain.ErrTokenRefused, domain.ErrProviderRefused, domain.ErrStoreUnavailable,
		domain.ErrBadCallback, domain.ErrUnknownSignIn, domain.ErrSignInLoop, domain.ErrTooManySignIns,
	} {
		assert.Contains(t, reasons, must.Error())
	}
	for _, cause := range valuesIn(alerts+dashboard, causesAsked) {
		assert.Contains(t, causes(), ports.AuditCause(cause))
	}
	for _, word := range []string{outcomeStarted, outcomeCompleted, outcomeRefused, outcomeRefreshed, outcomeFailed, unavailable.String()} {
		assert.Contains(t, alerts, `="`+word+`"`)
	}
}
