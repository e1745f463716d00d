// Command bare is a minimal web application: a net/http server that returns one
// short page at LISTEN_ADDR. It is the baseline for the start time and the memory
// of the application.
package main

import (
	"io"
	"log"
	"net/http"
	"os"
	"time"
)

func main() {
	server := &http.Server{
		Addr: os.Getenv("LISTEN_ADDR"), ReadHeaderTimeout: time.Minute,
		Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, `<a href="/login">Sign in</a>`)
		}),
	}
	log.Fatal(server.ListenAndServe())
}
