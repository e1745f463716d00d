//go:build !linux

package main

import "errors"

var errNoServer = errors.New("servers are started on Linux alone; name one by -redis or -postgres, or leave it out of -stores")

func startRedis() (url string, stop func(), err error)    { return "", nil, errNoServer }
func startPostgres() (url string, stop func(), err error) { return "", nil, errNoServer }
