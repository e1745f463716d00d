package observe

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
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

// labels has the possible values of each label of a metric.
type labels map[string]map[string]bool

// exported returns all metrics that the application can export, with their label
// values, and Prometheus's own metric "up".
func exported(t *testing.T) map[string]labels {
	m := NewMetrics("v1", time.Now)
	m.WatchCredential(func() (time.Time, bool) { return time.Now(), true })
	m.WatchSessions(func(context.Context) (int, error) { return 1, nil })
	for _, reason := range auditReasons(t) {
		m.Record(t.Context(), ports.AuditEvent{Kind: ports.AuditSignInRefused, Reason: reason})
		m.Record(t.Context(), ports.AuditEvent{Kind: ports.AuditRefreshFailed, Reason: reason})
	}
	for _, route := range append(wordsIn(t, `"(/[a-z-]*)"`, "http", "*.go"), "") {
		for status := range statusLabels() {
			m.Request("GET", route, status, time.Millisecond)
		}
	}
	for _, endpoint := range providerEndpoints(t) {
		for _, outcome := range []string{callOutcome(0, io.EOF), callOutcome(0, context.Canceled), callOutcome(0, context.DeadlineExceeded),
			callOutcome(200, nil), callOutcome(302, nil), callOutcome(400, nil), callOutcome(500, nil)} {
			m.calls.WithLabelValues(endpoint, outcome).Observe(1)
		}
	}
	known := map[string]labels{"up": {}}
	for line := range strings.Lines(scrape(t, m)) {
		if strings.HasPrefix(line, "#") {
			continue
		}
		name := line[:strings.IndexAny(line, "{ ")]
		if known[name] == nil {
			known[name] = labels{}
		}
		for _, pair := range label.FindAllStringSubmatch(line, -1) {
			if known[name][pair[1]] == nil {
				known[name][pair[1]] = map[string]bool{}
			}
			known[name][pair[1]][pair[2]] = true
		}
	}
	return known
}

// wordsIn returns the texts that the group of a regular expression matches in Go
// files without tests. Adapters import neither each other nor the domain, so this
// test reads their source.
func wordsIn(t *testing.T, expression string, path ...string) (found []string) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(append([]string{".."}, path...)...))
	require.NoError(t, err)
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		for _, match := range regexp.MustCompile(expression).FindAllSubmatch(text, -1) {
			found = append(found, string(match[1]))
		}
	}
	require.NotEmpty(t, found, path)
	return found
}

// auditReasons returns the texts of the errors that the domain names in audit
// events, and the text for all other errors.
func auditReasons(t *testing.T) (reasons []string) {
	audit := []string{"..", "domain", "audit.go"}
	for _, name := range wordsIn(t, `\b(Err[A-Z]\w+)`, audit...) {
		for _, file := range [][]string{{"..", "domain", "errors.go"}, {"..", "ports", "errors.go"}} {
			for _, text := range regexp.MustCompile(`\b`+name+`\s*=\s*errors\.New\("([^"]+)"\)`).FindAllStringSubmatch(strings.Join(wordsIn(t, `(?s)(.*)`, file...), ""), -1) {
				reasons = append(reasons, text[1])
			}
		}
	}
	require.NotEmpty(t, reasons)
	return append(reasons, wordsIn(t, `"(internal error)"`, audit...)...)
}

// providerEndpoints returns the values of the label "endpoint".
func providerEndpoints(t *testing.T) []string {
	const named = `(?m)^\s*Endpoint\w+\s*=\s*"(\w+)"`
	return append(append(wordsIn(t, named, "..", "providerhttp", "client.go"),
		wordsIn(t, `return "(api)"`, "..", "..", "cmd", "webapp", "telemetry.go")...), other)
}

var (
	label    = regexp.MustCompile(`([a-z_]+)="([^"]*)"`)
	quoted   = regexp.MustCompile(`"[^"]*"`)
	matchers = regexp.MustCompile(`\{[^}]*\}|\[[^\]]*\]`)
	grouping = regexp.MustCompile(`\b(?:by|without)\s*\(([^)]*)\)`)
	word     = regexp.MustCompile(`[a-zA-Z_:][a-zA-Z0-9_:]*\s*\(?`)

	selector  = regexp.MustCompile(`([a-zA-Z_:][a-zA-Z0-9_:]*)\{([^}]*)\}`)
	matcher   = regexp.MustCompile(`^\s*([a-z_]+)\s*(=~|!~|!=|=)\s*"([^"]*)"\s*$`)
	ranges    = regexp.MustCompile(`\[([^\]]*)\]`)
	duration  = regexp.MustCompile(`^([0-9]+[smhd]|\$__rate_interval)$`)
	increases = regexp.MustCompile(`\b(?:rate|increase)\(([^({\[]*)`)
	template  = regexp.MustCompile(`\{\{\s*(?:\$labels\.)?([a-z_]+)\s*\}\}`)
)

// metricsIn returns the names of metrics in a PromQL expression: all names except
// those in strings, matchers, ranges, groupings, functions and operators.
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

// checkExpression checks that the metrics, labels and label values of an
// expression exist, and the labels in the texts about it.
func checkExpression(t *testing.T, known map[string]labels, where, expr string, texts ...string) {
	t.Helper()
	names, there := metricsIn(expr), map[string]bool{"instance": true, "job": true}
	assert.NotEmpty(t, names, where)
	for _, name := range names {
		assert.True(t, known[name] != nil, "%s names %s, which is not exported", where, name)
		for name := range known[name] {
			there[name] = true
		}
	}
	assert.True(t, balanced(expr), "%s: brackets or quotes of %s", where, expr)
	for _, found := range selector.FindAllStringSubmatch(expr, -1) {
		for one := range strings.SplitSeq(found[2], ",") {
			assert.NoError(t, matches(known[found[1]], one), "%s: %s", where, found[0])
		}
	}
	for _, found := range ranges.FindAllStringSubmatch(expr, -1) {
		assert.Regexp(t, duration, found[1], where)
	}
	for _, found := range increases.FindAllStringSubmatch(expr, -1) {
		assert.Regexp(t, "_(total|count|bucket|sum)$", found[1], "%s: only what counts up has a rate", where)
	}
	checkGroups(t, there, where, expr, texts)
}

// checkGroups checks that the labels exist by which an expression is grouped, and
// the labels in the texts about its result.
func checkGroups(t *testing.T, there map[string]bool, where, expr string, texts []string) {
	t.Helper()
	groups := grouping.FindAllStringSubmatch(expr, -1)
	left := map[string]bool{}
	for _, group := range groups {
		for name := range strings.SplitSeq(group[1], ",") {
			name = strings.TrimSpace(name)
			assert.True(t, there[name], "%s is grouped by %s, which none of its metrics has", where, name)
			left[name] = true
		}
	}
	if len(groups) == 0 && !strings.Contains(expr, "sum(") {
		left = there
	}
	if strings.Contains(expr, "histogram_quantile(") {
		assert.True(t, left["le"], "%s: quantiles need le", where)
	}
	for _, text := range texts {
		for _, found := range template.FindAllStringSubmatch(text, -1) {
			assert.True(t, left[found[1]], "%s: %s shows %s, which is not there", where, text, found[1])
		}
	}
}

// matches reports whether the label of a matcher exists and can have all values
// that the matcher names.
func matches(there labels, text string) error {
	m := matcher.FindStringSubmatch(text)
	if m == nil {
		return fmt.Errorf("%q is no matcher", text)
	}
	name, op, asked := m[1], m[2], m[3]
	if name == "instance" || name == "job" {
		return nil
	}
	if there[name] == nil {
		return fmt.Errorf("there is no label %s", name)
	}
	alternatives := []string{regexp.QuoteMeta(asked)}
	if strings.HasSuffix(op, "~") {
		alternatives = strings.Split(asked, "|")
	}
	for _, one := range alternatives {
		anchored, err := regexp.Compile("^(?:" + one + ")$")
		if err != nil {
			return err
		}
		if !slices.ContainsFunc(slices.Collect(maps.Keys(there[name])), anchored.MatchString) {
			return fmt.Errorf("%s is never %q", name, one)
		}
	}
	return nil
}

// balanced reports whether all brackets and quotation marks are closed in order.
func balanced(expr string) bool {
	var open []rune
	closing := map[rune]rune{'(': ')', '{': '}', '[': ']'}
	for _, r := range quoted.ReplaceAllString(expr, "") {
		switch {
		case closing[r] != 0:
			open = append(open, closing[r])
		case strings.ContainsRune(")}]", r):
			if len(open) == 0 || open[len(open)-1] != r {
				return false
			}
			open = open[:len(open)-1]
		case r == '"':
			return false
		}
	}
	return len(open) == 0
}

func TestMistakesInExpressionsAreFound(t *testing.T) {
	known := exported(t)
	for text, mistake := range map[string]string{
		`outcome="refused"`: "", `reason=~"sign-in declined|internal error"`: "", `outcome!="started"`: "", `instance=~"$instance"`: "",
		`outcome="refusd"`: `never "refusd"`, `reason=~"sign-in declined|nonsense"`: `never "nonsense"`, `status="2xx"`: "no label status",
		`outcome~"x"`: "no matcher", `outcome=~"("`: "missing", `reason!="nonsense"`: `never "nonsense"`,
	} {
		err := matches(known["webapp_sign_ins_total"], text)
		if mistake == "" {
			assert.NoError(t, err, text)
			continue
		}
		assert.ErrorContains(t, err, mistake, text)
	}
	assert.NoError(t, matches(known["webapp_http_request_duration_seconds_count"], `status=~"5..|429"`))
	assert.Error(t, matches(known["webapp_http_request_duration_seconds_count"], `status="5xx"`))
	for expr, ok := range map[string]bool{"a(b[c]{d})": true, `a("(")`: true, "a(b[c)]": false, "a(": false, ")": false, `"`: false} {
		assert.Equal(t, ok, balanced(expr), expr)
	}
}

func TestDashboardUsesExportedMetrics(t *testing.T) {
	var dashboard struct {
		Title       string
		UID         string
		Annotations struct{ List []struct{ Expr string } }
		Panels      []struct {
			ID      int
			Title   string
			GridPos struct{ X, Y, W, H int }
			Targets []struct{ Expr, RefID, LegendFormat string }
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
			checkExpression(t, known, p.Title, target.Expr, target.LegendFormat)
		}
	}
	for _, a := range dashboard.Annotations.List {
		checkExpression(t, known, "annotation", a.Expr)
	}
}

func TestAlertsUseExportedMetrics(t *testing.T) {
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
		checkExpression(t, known, rule.Alert, rule.Expr, rule.Annotations["summary"], rule.Annotations["description"])
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

// valuesIn returns the values that the matchers of a label name.
func valuesIn(text string, matcher *regexp.Regexp) (values []string) {
	for _, found := range matcher.FindAllStringSubmatch(text, -1) {
		values = append(values, strings.Split(found[1], "|")...)
	}
	return values
}

// An alert or a panel with a misspelt label value would never show anything.
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
