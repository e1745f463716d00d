package config

import (
	"log/slog"
	"net"
	"net/netip"
	"slices"
	"strings"

	"webapp/internal/secretfile"
)

func (c *Config) checkOperation(found *Problems) {
	c.checkProxies(found)
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

func (c *Config) checkProxies(found *Problems) {
	if c.HTTPS() && len(c.TrustedProxies) == 0 {
		c.hint("TRUSTED_PROXIES", "is not set, although REDIRECT_URI is https: all people behind the proxy that adds https count as one address, so one of them can use up everybody's sign-ins",
			"Write the address range of that proxy, such as 10.0.0.0/8.")
	}
	for _, one := range c.TrustedProxies {
		network, ok := addressRange(strings.TrimSpace(one))
		if !ok {
			found.add("TRUSTED_PROXIES", "is not a list of address ranges", "Write CIDRs separated by commas, such as 10.0.0.0/8,127.0.0.1/32.")
			return
		}
		c.Proxies = append(c.Proxies, network)
	}
	if slices.ContainsFunc(c.Proxies, wide) {
		c.hint("TRUSTED_PROXIES", "has a range as wide as the internet, so everybody can choose the address that they count for",
			"Write the ranges of your own proxies alone.")
	}
}

// wide says whether the range is larger than anybody's network. Private IPv6
// addresses are a /7.
func wide(network netip.Prefix) bool {
	if network.Addr().Is4() {
		return network.Bits() < 8
	}
	return network.Bits() < 16 && !network.Addr().IsPrivate()
}

// addressRange reads a CIDR. IPv4 addresses that are written as IPv6 addresses
// become IPv4. A range that holds both kinds is refused.
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

// checkMetricsAddr checks METRICS_ADDR. It must differ from LISTEN_ADDR: metrics
// are not for the people who sign in.
func (c *Config) checkMetricsAddr(found *Problems) {
	if c.MetricsAddr == "" {
		return
	}
	host, port, err := net.SplitHostPort(c.MetricsAddr)
	switch {
	case err != nil || !isPort(port):
		found.add("METRICS_ADDR", "is not HOST:PORT", "Write it like localhost:9090, or :9090 for every address of this machine.")
	case c.MetricsAddr == c.ListenAddr && port != "0":
		found.add("METRICS_ADDR", "is the same as LISTEN_ADDR", "Use another port.")
	case c.Demo && !IsLoopback(host):
		found.add("METRICS_ADDR", "is not on this machine alone, and -demo listens nowhere else", "Use localhost:9090 or another port of localhost.")
	}
}

// checkFiles hints at files of the configuration that every account of this
// machine can read or change.
func (c *Config) checkFiles() {
	const remedy = "Take the right away from the others: chmod o-rwx, and the name of the file."
	if secretfile.OpenToOthers(DotEnv) {
		c.hint(DotEnv, "can be read or changed by every account of this machine", remedy)
	}
	for _, f := range fields() {
		path, _ := c.lookup(f.variable)
		if strings.HasSuffix(f.variable, "_FILE") && secretfile.OpenToOthers(path) {
			c.hint(f.variable, "names a file that every account of this machine can read or change", remedy)
		}
	}
}
