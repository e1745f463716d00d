package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"os"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
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

// A run with the smallest options must produce every figure, even though the values
// mean nothing.
func TestRun(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("the clock of Windows moves in steps that are longer than what is measured here")
	}
	var out bytes.Buffer
	require.NoError(t, run(t.Context(), []string{
		"-only", "memory,pages,sign-ins", "-sessions", "100", "-stores", "memory,sqlite", "-json",
		"-duration", "100ms", "-rounds", "1", "-turns", "1", "-turn", "1ms", "-turn-pages", "5", "-sign-ins", "1", "-connections", "2",
	}, &out, io.Discard))
	var r report
	require.NoError(t, json.Unmarshal(out.Bytes(), &r))
	parts := map[string]int{}
	for _, one := range r.Rows {
		parts[one.Part]++
		if one.Unit != "B" { // a hundred sessions are too few to measure their size
			assert.Positive(t, one.Value, one.Figure)
		}
	}
	assert.Equal(t, map[string]int{"memory": 13, "pages": 17, "sign-ins": 8}, parts)
}

func TestOptionsAreBoundedAndStayOnThisMachine(t *testing.T) {
	for _, args := range [][]string{
		{"-sessions", "99"}, {"-sessions", "2000001"}, {"-sessions", "many"}, {"-rounds", "0"}, {"-rate", "20001"},
		{"-duration", "6m"}, {"-turn", "11s"}, {"-connections", "257"}, {"-sign-ins", "100001"}, {"-only", "all"}, {"rest"}, {"-visitors", "0"},
		{"-redis", "redis://10.0.0.7:6379"}, {"-redis", "redis://redis.example"}, {"-postgres", "postgres://u:p@db.example/x"},
		{"-postgres", "host=db.example"},
	} {
		_, err := parseOptions(args, io.Discard)
		assert.Error(t, err, args)
	}
	o, err := parseOptions([]string{"-redis", "redis://127.0.0.1:6379", "-postgres", "postgres://u:p@[::1]:5432/x", "-quick", "-rounds", "2"}, io.Discard)
	require.NoError(t, err)
	assert.Len(t, o.only, len(parts()))
	assert.Equal(t, []int{1, 2}, []int{o.turns / 3, o.rounds}, "what is given counts")
}

func TestTheIdleClockIsWrittenOnceAMinute(t *testing.T) {
	for every, rounds := range map[time.Duration]int{30 * time.Second: 2, time.Minute: 1} {
		c, err := newClocked(every / idlePeople)
		require.NoError(t, err)
		require.NoError(t, repeat(t.Context(), c.page, rounds*idlePeople))
		assert.EqualValues(t, idlePeople, c.probe.written.Load(), "a page every %v", every)
	}
	still, err := newClocked(0)
	require.NoError(t, err)
	require.NoError(t, repeat(t.Context(), still.page, idlePeople))
	assert.Zero(t, still.probe.written.Load())
}

func TestCompareCPU(t *testing.T) {
	page := func() error { return nil }
	_, _, _, err := compareCPU(t.Context(), options{turns: 1, turnPages: 10}, page, page)
	require.NoError(t, err)
	broken := errors.New("broken")
	_, _, _, err = compareCPU(t.Context(), options{turns: 1, turnPages: 10}, page, func() error { return broken })
	require.ErrorIs(t, err, broken)
}

func TestPaceAsksForEveryPageAndTellsOfFailures(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("the clock of Windows moves in steps that are longer than what is measured here")
	}
	ok := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "page") })
	p := pace{rate: 2000, duration: 50 * time.Millisecond}
	requests := []*http.Request{newRequest("/a", ""), newRequest("/b", "")}
	took, err := p.run(t.Context(), ok, requests)
	require.NoError(t, err)
	require.Len(t, took, 100)
	for _, d := range took {
		assert.Positive(t, d)
	}
	_, err = p.run(t.Context(), http.NotFoundHandler(), requests)
	require.ErrorContains(t, err, "404")
}

func TestQuantiles(t *testing.T) {
	var list []time.Duration
	for i := range 1000 {
		list = append(list, time.Duration(1000-i))
	}
	assert.Equal(t, latency{p50: 500, p99: 990, p999: 999, longest: 1000}, summary(list))
	assert.Equal(t, latency{}, summary(nil))
	assert.InDelta(t, 2, median([]float64{3, 1, 2}), 0)
}

func TestReportJudgesByTheAim(t *testing.T) {
	r := &report{}
	r.add(row{Part: "p", Figure: "share", Value: 90, Unit: "/s", Baseline: "bare", Than: 100, Aim: atLeast(0.8)})
	r.add(row{Part: "p", Figure: "slower", Value: 130, Unit: "µs", Baseline: "bare", Than: 100, Aim: atMost(1.2)})
	r.add(row{Part: "p", Figure: "bytes", Value: 400, Unit: "B", Baseline: "scs", Than: 100, Aim: valueAtMost(450)})
	var out bytes.Buffer
	require.NoError(t, r.writeTable(&out))
	assert.Regexp(t, `share +90\.0 /s +100 bare +0\.900 +≥ 0\.800 met\n`, out.String())
	assert.Regexp(t, `slower +130 µs +100 bare +1\.300 +≤ 1\.20 MISSED\n`, out.String())
	assert.Regexp(t, `bytes +400 B +100 scs +4\.000 +≤ 450 met\n`, out.String())
}
