package redis

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"regexp"
	"strconv"
	"strings"

	"github.com/redis/go-redis/v9"
)

const (
	redisPort    = "6379"
	sentinelPort = "26379"
)

var hostname = regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9.])?$`)

// setHosts reads a list of HOST or HOST:PORT.
func setHosts(o *redis.UniversalOptions, f form, hosts string) error {
	port := redisPort
	if f.sentinel {
		port = sentinelPort
	}
	list := strings.Split(hosts, ",")
	if len(list) > 1 && !f.sentinel && !f.cluster {
		return errors.New("there are several hosts; a Cluster is written redis+cluster://, servers with Sentinel redis+sentinel://")
	}
	for i, one := range list {
		addr, err := hostPort(one, port)
		if err != nil {
			return fmt.Errorf("host %d of %d: %w", i+1, len(list), err)
		}
		o.Addrs = append(o.Addrs, addr)
	}
	return nil
}

func hostPort(s, defaultPort string) (string, error) {
	host, port, hasPort := strings.Cut(s, ":")
	if inner, ok := strings.CutPrefix(s, "["); ok {
		var rest string
		if host, rest, ok = strings.Cut(inner, "]"); !ok {
			return "", errors.New("the bracket of an IPv6 address is not closed")
		}
		if ip, err := netip.ParseAddr(host); err != nil || !ip.Is6() {
			return "", errors.New("there is no IPv6 address in the brackets")
		}
		if rest != "" && rest[0] != ':' {
			return "", errors.New("after the bracket only :PORT may follow")
		}
		hasPort, port = rest != "", strings.TrimPrefix(rest, ":")
	} else if !hostname.MatchString(host) {
		return "", errors.New("the name is missing or malformed")
	}
	if !hasPort {
		return net.JoinHostPort(host, defaultPort), nil
	}
	if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
		return "", errors.New("the port is not a number from 1 to 65535 (an IPv6 address stands in brackets)")
	}
	return net.JoinHostPort(host, port), nil
}
