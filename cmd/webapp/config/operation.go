package config

import (
	"io"
	"log/slog"
	"net"
	"net/netip"
	"slices"
	"strings"

	"webapp/internal/adapters/entra/authority"
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
	switch {
	case len(c.TrustedProxies) > 0:
	case c.ForwardAuth:
		c.hint("TRUSTED_PROXIES", "is not set, but FORWARD_AUTH is: people who are not signed in get an error from the proxy instead of the sign-in page",
			"Write the address range of the proxy that asks /verify, such as 127.0.0.1/32.")
	case c.HTTPS():
		c.hint("TRUSTED_PROXIES", "is not set, but REDIRECT_URI is https: all users come from the address of the proxy that adds https, so one of them can use up the limit for sign-ins of everybody",
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
	if slices.ContainsFunc(c.Proxies, tooWide) {
		c.hint("TRUSTED_PROXIES", "has a range as wide as the internet, so everybody can pretend to have another address",
			"Write the ranges of your own proxies only.")
	}
}

// tooWide reports whether the range is larger than the network of any organization.
// It returns false for the private IPv6 range, which is a /7.
func tooWide(network netip.Prefix) bool {
	if network.Addr().Is4() {
		return network.Bits() < 8
	}
	return network.Bits() < 16 && !network.Addr().IsPrivate()
}

// addressRange parses a CIDR. It converts an IPv4-mapped IPv6 range to IPv4. It
// returns false for a malformed CIDR, and for a range with addresses of both kinds.
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

// checkMetricsAddr checks METRICS_ADDR. It must differ from LISTEN_ADDR, because
// users must not read the metrics.
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
	case c.Demo && !authority.IsLoopback(host):
		found.add("METRICS_ADDR", "leads to other machines, but -demo listens on this machine only", "Use localhost:9090 or another port of localhost.")
	}
}

// checkFiles reports files of the configuration that every account of this machine
// can read or change.
func (c *Config) checkFiles() {
	const remedy = "Allow the file for this program's account and group only: chmod o-rwx "
	if secretfile.OpenToOthers(DotEnv) {
		c.hint(DotEnv, "can be read or changed by every account of this machine", remedy+DotEnv)
	}
	for _, f := range fields() {
		path, _ := c.lookup(f.variable)
		if strings.HasSuffix(f.variable, "_FILE") && secretfile.OpenToOthers(path) {
			c.hint(f.variable, "names a file that every account of this machine can read or change", remedy+"FILE")
		}
	}
}

// Logger returns a logger that writes to w as LOG_FORMAT and LOG_LEVEL say.
func (c *Config) Logger(w io.Writer) *slog.Logger {
	var level slog.Level
	_ = level.UnmarshalText([]byte(c.LogLevel)) // checked by checkOperation
	return c.loggerFrom(level, w)
}

// AuditLogger returns a logger that writes to w in LOG_FORMAT. It ignores LOG_LEVEL,
// because the audit log must be complete. Both loggers may share w, because each
// line is one call of Write.
func (c *Config) AuditLogger(w io.Writer) *slog.Logger { return c.loggerFrom(slog.LevelInfo, w) }

func (c *Config) loggerFrom(level slog.Level, w io.Writer) *slog.Logger {
	options := &slog.HandlerOptions{Level: level}
	if c.LogFormat == "json" {
		return slog.New(slog.NewJSONHandler(w, options))
	}
	return slog.New(slog.NewTextHandler(w, options))
}
