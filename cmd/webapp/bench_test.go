//go:build unix

package main

import (
	"bufio"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"runtime/debug"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/stretchr/testify/require"

	"webapp/cmd/webapp/config"
	"webapp/internal/adapters/fakeidp"
	"webapp/internal/adapters/session/memory"
	"webapp/internal/test/rsakeys"
)

// providerProcess is a variable that makes the test binary run the demo provider
// instead of tests, so that a benchmark can count the application's own CPU time.
const providerProcess = "WEBAPP_BENCH_PROVIDER"

func TestMain(m *testing.M) {
	if os.Getenv(providerProcess) != "" {
		runProvider()
		return
	}
	if os.Getenv(programProcess) != "" {
		main()
		return
	}
	flag.Parse()
	if given := flag.Lookup("test.parallel"); given.Value.String() == given.DefValue {
		_ = given.Value.Set("8") // parallel tests here wait for time limits more than for a processor
	}
	if flag.Lookup("test.bench").Value.String() == "" {
		debug.SetGCPercent(400) // an eighth of the CPU time of these tests is garbage collection otherwise
	}
	os.Exit(m.Run())
}

// runProvider serves the provider until standard input ends. It also serves
// /bench/approve, which signs a person in.
func runProvider() {
	provider, err := fakeidp.New(fakeidp.Config{NewKey: rsakeys.Sequence()})
	if err != nil {
		panic(err)
	}
	base, err := provider.Start("127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	var tokens atomic.Int64
	provider.Mutate(func(d *fakeidp.TokenDraft) {
		// Use many people: if one person has a hundred sessions, each sign-in also ends
		// the oldest one.
		n := tokens.Add(1)
		d.Claims["oid"] = fmt.Sprintf("00000000-0000-4000-8000-%012d", n)
		d.Claims["sub"] = fmt.Sprintf("person-%d", n)
	})
	person := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		answer, err := provider.Authorize(r.FormValue("url"), fakeidp.UserMember)
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		_, _ = io.WriteString(w, answer.Values.Encode())
	}))
	fmt.Println(base, person.URL)
	_, _ = io.Copy(io.Discard, os.Stdin)
}

// BenchmarkSignIn measures the CPU time of a whole sign-in in the application
// (from the callback through the token request and the verified ID token to the
// stored session and its cookie) beside one go-oidc Verify of the same kind of
// token. The provider is a process of its own. "verifies" is the ratio.
func BenchmarkSignIn(b *testing.B) {
	base, person := startProviderProcess(b)
	app, s := benchmarkApp(b, base)
	verify := benchmarkVerify(b, app, s, person)

	const turn = 50
	var verifyTime, signInTime time.Duration
	signIns := 0
	for b.Loop() {
		callbacks := make([]*http.Request, turn)
		for i := range callbacks {
			callbacks[i] = beginAt(b, app, person, signIns+i)
		}
		start := cpuTime(b)
		for range turn {
			verify()
		}
		middle := cpuTime(b)
		for _, callback := range callbacks {
			w := httptest.NewRecorder()
			app.ServeHTTP(w, callback)
			if w.Code != http.StatusSeeOther {
				b.Fatal(w.Code, w.Body)
			}
		}
		verifyTime += middle - start
		signInTime += cpuTime(b) - middle
		signIns += turn
	}
	b.ReportMetric(float64(verifyTime.Nanoseconds())/float64(signIns), "verify-cpu-ns/op")
	b.ReportMetric(float64(signInTime.Nanoseconds())/float64(signIns), "sign-in-cpu-ns/op")
	b.ReportMetric(float64(signInTime)/float64(verifyTime), "verifies")
	b.ReportMetric(0, "ns/op") // a turn of both means nothing
}

func startProviderProcess(b *testing.B) (base, person string) {
	b.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), providerProcess+"=1")
	cmd.Stderr = os.Stderr
	stdin, err := cmd.StdinPipe()
	require.NoError(b, err)
	stdout, err := cmd.StdoutPipe()
	require.NoError(b, err)
	require.NoError(b, cmd.Start())
	b.Cleanup(func() { _ = stdin.Close(); _ = cmd.Wait() })
	line, err := bufio.NewReader(stdout).ReadString('\n')
	require.NoError(b, err)
	_, err = fmt.Sscan(line, &base, &person)
	require.NoError(b, err)
	return base, person
}

func benchmarkApp(b *testing.B, base string) (http.Handler, config.Config) {
	b.Helper()
	s, err := load(lookupIn(map[string]string{
		"AUTHORITY": base + "/" + fakeidp.ContosoTenantID, "CLIENT_ID": fakeidp.DefaultClientID,
		"CLIENT_SECRET": fakeidp.DefaultClientSecret, "SCOPE": "User.Read", "ENDPOINT": base + "/v1.0/me",
	}), false)
	require.NoError(b, err)
	store := memory.New(time.Now)
	b.Cleanup(func() { _ = store.Close() })
	app, err := wire(s, deps{now: time.Now, store: store, logger: s.Logger(io.Discard)})
	require.NoError(b, err)
	return app.handler, s
}

// beginAt begins the i-th sign-in and returns its callback request. Each sign-in has
// another client address, because the sign-ins of one address are limited.
func beginAt(b *testing.B, app http.Handler, person string, i int) *http.Request {
	b.Helper()
	login := httptest.NewRecorder()
	request := httptest.NewRequest(http.MethodGet, "/login", nil)
	request.RemoteAddr = fmt.Sprintf("127.1.%d.%d:50000", i/250%250, i%250)
	app.ServeHTTP(login, request)
	require.Equal(b, http.StatusSeeOther, login.Code)
	res, err := http.PostForm(person, url.Values{"url": {login.Header().Get("Location")}})
	require.NoError(b, err)
	defer func() { _ = res.Body.Close() }()
	query, err := io.ReadAll(res.Body)
	require.NoError(b, err)
	require.Equal(b, http.StatusOK, res.StatusCode, string(query))
	callback := httptest.NewRequest(http.MethodGet, "/getAToken?"+string(query), nil)
	for _, c := range login.Result().Cookies() {
		callback.AddCookie(c)
	}
	return callback
}

// benchmarkVerify returns a function that verifies one ID token of the provider with
// go-oidc. The keys are already loaded.
func benchmarkVerify(b *testing.B, app http.Handler, s config.Config, person string) func() {
	b.Helper()
	token := fetchIDToken(b, app, s, person)
	provider, err := oidc.NewProvider(context.Background(), s.Authority+"/v2.0")
	require.NoError(b, err)
	verifier := provider.Verifier(&oidc.Config{ClientID: s.ClientID})
	verify := func() {
		if _, err := verifier.Verify(context.Background(), token); err != nil {
			b.Fatal(err)
		}
	}
	verify()
	return verify
}

// fetchIDToken redeems a code with a PKCE verifier of its own and returns the ID token.
func fetchIDToken(b *testing.B, app http.Handler, s config.Config, person string) string {
	b.Helper()
	login := httptest.NewRecorder()
	app.ServeHTTP(login, httptest.NewRequest(http.MethodGet, "/login", nil))
	u, err := url.Parse(login.Header().Get("Location"))
	require.NoError(b, err)
	q := u.Query()
	const verifier, challenge = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM" // RFC 7636, appendix B
	q.Set("code_challenge", challenge)
	u.RawQuery = q.Encode()
	res, err := http.PostForm(person, url.Values{"url": {u.String()}})
	require.NoError(b, err)
	defer func() { _ = res.Body.Close() }()
	text, err := io.ReadAll(res.Body)
	require.NoError(b, err)
	answer, err := url.ParseQuery(string(text))
	require.NoError(b, err)
	redeemed, err := http.PostForm(s.Authority+"/oauth2/v2.0/token", url.Values{
		"grant_type": {"authorization_code"}, "code": {answer.Get("code")}, "redirect_uri": {s.RedirectURI},
		"client_id": {s.ClientID}, "client_secret": {s.ClientSecret}, "code_verifier": {verifier},
	})
	require.NoError(b, err)
	defer func() { _ = redeemed.Body.Close() }()
	return idTokenIn(b, redeemed.Body)
}

// cpuTime returns the CPU time that this process has used.
func cpuTime(b *testing.B) time.Duration {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		b.Fatal(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

func idTokenIn(b *testing.B, body io.Reader) string {
	b.Helper()
	var doc struct {
		IDToken string `json:"id_token"`
	}
	require.NoError(b, json.NewDecoder(body).Decode(&doc))
	require.NotEmpty(b, doc.IDToken)
	return doc.IDToken
}
