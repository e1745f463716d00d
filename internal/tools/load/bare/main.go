// Command bare is a minimal web application: a net/http server that returns one
// short page at LISTEN_ADDR. It is the baseline for the start time and the memory
// of the application. At /verify it returns constant headers as the application does
// for a signed-in person.
package main

import (
	"io"
	"log"
	"maps"
	"net/http"
	"os"
	"time"
)

func main() {
	mux := http.NewServeMux()
	mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, `<a href="/login">Sign in</a>`)
	})
	mux.HandleFunc("/verify", func(w http.ResponseWriter, _ *http.Request) {
		maps.Copy(w.Header(), verified)
		w.WriteHeader(http.StatusNoContent)
	})
	server := &http.Server{Addr: os.Getenv("LISTEN_ADDR"), ReadHeaderTimeout: time.Minute, Handler: mux}
	log.Fatal(server.ListenAndServe())
}

// verified are the headers of the application's response.
var verified = http.Header{
	"Cache-Control":                     {"no-store"},
	"Content-Security-Policy":           {"default-src 'none'; form-action 'none'; frame-ancestors 'none'; base-uri 'none'"},
	"Cross-Origin-Opener-Policy":        {"same-origin"},
	"Cross-Origin-Resource-Policy":      {"same-origin"},
	"Permissions-Policy":                {"camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=(), browsing-topics=()"},
	"Referrer-Policy":                   {"strict-origin"},
	"Vary":                              {"Cookie"},
	"X-Content-Type-Options":            {"nosniff"},
	"X-Frame-Options":                   {"DENY"},
	"X-Request-Id":                      {"3f1c9a520c534c0e9d3b0d6c8a1f2b3c"},
	"X-Auth-Request-User":               {"tid:7f0b8a52-3c1d-4e6f-9a20-5d41c8e7b301%20oid:0d1e9a54-7c3b-4f28-9e6d-52b8c1a7f490"},
	"X-Auth-Request-Name":               {"Adele%20Vance"},
	"X-Auth-Request-Preferred-Username": {"adele.vance@contoso.example"},
	"X-Auth-Request-Roles":              {"Admin"},
	"X-Auth-Request-Groups":             {"0d1e9a54-7c3b-4f28-9e6d-52b8c1a7f490"},
	"X-Auth-Request-Groups-Complete":    {"true"},
}
