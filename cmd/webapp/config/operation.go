package config

import (
	"log/slog"
	"net"
	"net/netip"
	"strings"
)

func (c *Config) checkOperation(found *Problems) {
	for _, one := range c.TrustedProxies {
		prefix, ok := addressRange(strings.TrimSpace(one))
		if !ok {
			found.add("TRUSTED_PROXIES", "is not a list of address ranges", "Write CIDRs separated by commas, such as 10.0.0.0/8,127.0.0.1/32.")
			break
		}
		c.Proxies = append(c.Proxies, prefix)
	}
	if c.LogFormat != "text" && c.LogFormat != "json" {
		found.add("LOG_FORMAT", "is neither text nor json", "Use text or json.")
	}
	var level slog.Level
	if level.UnmarshalText([]byte(c.LogLevel)) != nil {
		found.add("LOG_LEVEL", "is not a level", "Use debug, info, warn or error.")
	}
	c.checkMetricsAddr(found)
	c.checkTracing(found)
}

// addressRange reads a CIDR. IPv4 addresses that are written as IPv6 ones count
// as what they are: no address that a request has is ever written so. A range in
// which they are only some is none that anybody means.
func addressRange(cidr string) (netip.Prefix, bool) {
	prefix, err := netip.ParsePrefix(cidr)
	if err != nil || !prefix.Addr().Is4In6() {
		return prefix, err == nil
	}
	const mapped = 96 // bits before the IPv4 address
	if prefix.Bits() < mapped {
		return netip.Prefix{}, false
	}
	return netip.PrefixFrom(prefix.Addr().Unmap(), prefix.Bits()-mapped), true
}

// checkMetricsAddr wants an address of its own: what the metrics tell is not
// for the people who sign in.
func (c *Config) checkMetricsAddr(found *Problems) {
	if c.MetricsAddr == "" {
		return
	}
	host, port, err := net.SplitHostPort(c.MetricsAddr)
	switch {
	case err != nil || port == "":
		found.add("METRICS_ADDR", "is not HOST:PORT", "Write it like localhost:9090, or :9090 for every address of this machine.")
	case c.MetricsAddr == c.ListenAddr && port != "0":
		found.add("METRICS_ADDR", "is the same as LISTEN_ADDR", "Use another port.")
	case c.Demo && !IsLoopback(host):
		found.add("METRICS_ADDR", "is not on this machine alone, and -demo listens nowhere else", "Use localhost:9090 or another port of localhost.")
	}
}
