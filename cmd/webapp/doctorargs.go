package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"net/url"
)

// order is what the doctor's command line asks for.
type order struct {
	json, demo bool
	public     *url.URL
}

func parseDoctor(args []string) (order, error) {
	var o order
	flags := flag.NewFlagSet("webapp doctor", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	flags.BoolVar(&o.json, "json", false, "print one JSON object")
	flags.BoolVar(&o.demo, "demo", false, "look at the built-in demo provider")
	public := flags.String("url", "", "public address of the running application")
	err := flags.Parse(args)
	switch {
	case err != nil:
		return order{}, err
	case flags.NArg() > 0:
		return order{}, fmt.Errorf("%q is no option of webapp doctor", flags.Arg(0))
	case o.demo && *public != "":
		return order{}, errors.New("-demo starts a provider of its own, which no running application knows; use -url without it")
	case *public != "":
		o.public, err = parsePublicURL(*public)
	}
	return o, err
}

// parsePublicURL reads an origin. Its errors do not repeat the value, which may
// hold a password.
func parsePublicURL(text string) (*url.URL, error) {
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
		return nil, errors.New("-url is no address: write it like https://app.example.com")
	}
	if u.User != nil || u.RawQuery != "" || u.Fragment != "" || u.Path != "" && u.Path != "/" {
		return nil, errors.New("-url holds more than scheme and host: write it like https://app.example.com")
	}
	return &url.URL{Scheme: u.Scheme, Host: u.Host}, nil
}
