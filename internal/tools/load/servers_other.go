//go:build !linux

package main

import "errors"

var errNoServer = errors.New("this command starts servers on Linux only; give the server's URL with -redis or -postgres, or remove the store from -stores")

func startRedis() (url string, stop func(), err error)    { return "", nil, errNoServer }
func startPostgres() (url string, stop func(), err error) { return "", nil, errNoServer }
