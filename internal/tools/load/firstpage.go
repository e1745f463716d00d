package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"
)

// firstPage asks until there is an answer.
func firstPage(ctx context.Context, addr string, until time.Time) error {
	const pause = 100 * time.Microsecond
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: startPatience}
	for time.Now().Before(until) && ctx.Err() == nil {
		conn, err := net.Dial("tcp", addr)
		if err != nil {
			<-time.After(pause)
			continue
		}
		_ = conn.Close()
		res, err := client.Get("http://" + addr + "/")
		if err != nil {
			return err
		}
		page, err := io.ReadAll(io.LimitReader(res.Body, 1<<20))
		_ = res.Body.Close()
		if err != nil || res.StatusCode != http.StatusOK || !bytes.Contains(page, []byte("/login")) {
			return errors.Join(fmt.Errorf("the first page answered %d and is no sign-in page", res.StatusCode), err)
		}
		return nil
	}
	return errors.New("the process did not answer")
}

func freeAddr() (string, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return listener.Addr().String(), listener.Close()
}

// memoryOf returns a figure of /proc/PID/status in MiB, 0 where there is none.
func memoryOf(pid int, figure string) float64 {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0
	}
	_, after, _ := strings.Cut(string(text), figure+":")
	fields := strings.Fields(after)
	if len(fields) == 0 {
		return 0
	}
	kib, _ := strconv.ParseFloat(fields[0], 64)
	return kib / 1024
}
