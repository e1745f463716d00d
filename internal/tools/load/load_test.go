//go:build linux

package main

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"webapp/internal/adapters/session/memory"
)

func TestMain(m *testing.M) {
	if len(os.Args) == 2 && os.Args[1] == providerCommand { // started by startProvider
		if err := serveProvider(os.Stdin, os.Stdout); err != nil {
			panic(err)
		}
		return
	}
	os.Exit(m.Run())
}

// A run of the smallest size must print every figure of its parts, even though the
// values mean nothing.
func TestRun(t *testing.T) {
	var out bytes.Buffer
	o := options{only: []string{"pages", "idle", "memory", "sign-ins"},
		sizes: sizes{rounds: 1, turn: 10 * time.Millisecond, pages: 5, signIns: 1, sessions: 1000, expiry: 100 * time.Millisecond}}
	require.NoError(t, o.measure(t.Context(), &out, io.Discard))
	begin, end := strings.Index(out.String(), "<!-- benchmark: begin -->"), strings.Index(out.String(), "<!-- benchmark: end -->")
	require.True(t, begin == 0 && end > 0)
	rows := regexp.MustCompile(`(?m)^\| .* \| (met|MISSED) \|$`).FindAllString(out.String(), -1)
	assert.Len(t, rows, 9)
	for _, row := range rows {
		assert.NotRegexp(t, `NaN|Inf`, row)
	}
}

// The baselines must render the home page of the application, or the comparison
// means nothing.
func TestBareHomePagesAreTheApplications(t *testing.T) {
	now := func() time.Time { return time.Date(2026, 11, 29, 15, 4, 0, 0, time.UTC) }
	store := memory.New(now)
	t.Cleanup(func() { _ = store.Close() })
	app, err := newApplication(store, noProvider, now)
	require.NoError(t, err)
	people, err := app.signInMany(t.Context(), 1)
	require.NoError(t, err)
	bare, err := app.bare(people[0])
	require.NoError(t, err)
	page := func(h http.Handler) string {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, newRequest("/", people[0]))
		require.Equal(t, http.StatusOK, w.Code)
		return w.Body.String()
	}
	want := page(app.handler)
	require.Contains(t, want, "Adele Vance")
	require.Contains(t, want, "claim_<wbr>17")
	assert.Equal(t, want, page(bare.home))
	assert.Equal(t, normalized(want), normalized(page(bare.homeHTML)))
}

// normalized removes what templ and home.html write differently: whitespace
// beside tags, the slash of void elements and the case of the doctype.
func normalized(page string) string {
	page = strings.NewReplacer("<!DOCTYPE", "<!doctype", "/>", ">").Replace(page)
	page = regexp.MustCompile(`\s*(<[^>]*>)\s*`).ReplaceAllString(page, "$1")
	return strings.ReplaceAll(page, ">", ">\n")
}

func TestOptions(t *testing.T) {
	for _, args := range [][]string{{"-only", "all"}, {"-only", ""}, {"rest"}, {"-peers", t.TempDir()}, {"-rounds", "2"}} {
		_, err := parseOptions(args, io.Discard)
		assert.Error(t, err, args)
	}
	o, err := parseOptions([]string{"-quick"}, io.Discard)
	require.NoError(t, err)
	assert.Equal(t, quickRun, o.sizes)
	assert.NotContains(t, o.only, "tests")
	o, err = parseOptions([]string{"-builds"}, io.Discard)
	require.NoError(t, err)
	assert.Equal(t, longRun, o.sizes)
	assert.Len(t, o.only, len(parts()))
}

func TestAlternate(t *testing.T) {
	var order []string
	count := 0.0
	measure := func(name string) func() (float64, error) {
		return func() (float64, error) { order = append(order, name); count++; return count, nil }
	}
	all, err := alternate(t.Context(), 2, measure("a"), measure("b"))
	require.NoError(t, err)
	assert.Equal(t, []string{"a", "b", "a", "b", "a", "b"}, order)
	assert.Equal(t, []series{{3, 5}, {4, 6}}, all, "the first round is the warm-up")
	broken := errors.New("broken")
	_, err = alternate(t.Context(), 2, measure("a"), func() (float64, error) { return 0, broken })
	require.ErrorIs(t, err, broken)
}

func TestSeries(t *testing.T) {
	s := series{4, 1, 9}
	assert.InDelta(t, 4, s.median(), 0)
	assert.InDelta(t, 3, s.over(series{1, 1, 3}), 0, "the median of 4, 1 and 3")
	assert.Equal(t, series{4, 1, 9}, s, "the order of the rounds is kept")
}

func TestCPUTimeOfAnotherProcessIsThatOfThisOne(t *testing.T) {
	for began := time.Now(); time.Since(began) < 20*time.Millisecond; {
	}
	mine, other := cpuTime(thisProcess), cpuTime(os.Getpid())
	assert.Positive(t, mine)
	assert.InDelta(t, mine, other, float64(time.Second))
}

func TestSlowPageRequestsEveryPageAndReturnsFailures(t *testing.T) {
	ok := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "page") })
	requests := []*http.Request{newRequest("/a", ""), newRequest("/b", "")}
	p999, err := slowPage(t.Context(), ok, requests, 50*time.Millisecond)
	require.NoError(t, err)
	assert.Positive(t, p999)
	_, err = slowPage(t.Context(), http.NotFoundHandler(), requests, 50*time.Millisecond)
	require.ErrorContains(t, err, "404")
}

func TestReportJudgesByTheAim(t *testing.T) {
	for _, of := range []struct {
		row  row
		want string
	}{
		{row{"share", 90, "/s", "bare", 100, 0.9, atLeast(0.8)}, "| share | 90.0 /s | 100 bare | 0.900 | ≥ 0.800 | met |"},
		{row{"slower", 130, "µs", "bare", 100, 1.3, atMost(1.2)}, "| slower | 130 µs | 100 bare | 1.30 | ≤ 1.20 | MISSED |"},
		{row{"bytes", 400, "B", "bare", 100, 4, valueAtMost(450)}, "| bytes | 400 B | 100 bare | 4.00 | ≤ 450 | met |"},
		{row{figure: "count", value: 17, aim: valueAtMost(16)}, "| count | 17.0 |  |  | ≤ 16.0 | MISSED |"},
	} {
		assert.Equal(t, of.want, of.row.String())
	}
}
