package doctor

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"net/http"
	"net/url"
	"syscall"
)

// unreachable says why u did not respond. It uses fixed words, because a network
// error can quote what the server sent.
func unreachable(u *url.URL, err error) Check {
	host := hostOf(u)
	if c, found := badCertificate(host, err); found {
		return c
	}
	var noTLS tls.RecordHeaderError
	var op *net.OpError
	switch {
	case errors.As(err, &op) && op.Op == "proxyconnect":
		return fail("The proxy of this machine does not connect to "+host+".",
			"HTTPS_PROXY or HTTP_PROXY names a proxy, and the connection through it failed.",
			"Check the proxy. If "+u.Hostname()+" can be reached without it, add the name to NO_PROXY.")
	case isTimeout(err):
		return fail(host+" did not respond within 5 seconds.",
			"Most often a firewall drops the connection, or this network needs a proxy.",
			"Allow outgoing connections to "+host+", or set HTTPS_PROXY.")
	case isRefused(err):
		return fail(host+" refuses connections.",
			"Nothing listens on that port, or a firewall rejects the connection.",
			"Check the host and the port, and whether the server is running.")
	case errors.As(err, &noTLS), errors.Is(err, http.ErrSchemeMismatch):
		return fail(host+" does not speak TLS.",
			"The address begins with https, but the server on that port uses another protocol.",
			"Check the port, and whether a proxy responds in place of the server.")
	}
	if dns, found := errors.AsType[*net.DNSError](err); found {
		return unknownHost(u.Hostname(), dns)
	}
	return fail("The connection to "+host+" broke.",
		"The connection was made, but it ended before a response came.",
		"Ask the operator of the firewall or proxy between here and "+u.Hostname()+". Then try again.")
}

func isTimeout(err error) bool {
	var timeout interface{ Timeout() bool }
	return errors.Is(err, context.DeadlineExceeded) || errors.As(err, &timeout) && timeout.Timeout()
}

// isRefused reports whether nothing listens on the port. Windows reports
// WSAECONNREFUSED, which differs from its syscall.ECONNREFUSED.
func isRefused(err error) bool {
	const wsaeConnRefused = syscall.Errno(10061)
	return errors.Is(err, syscall.ECONNREFUSED) || errors.Is(err, wsaeConnRefused)
}

// badCertificate says what is wrong with the server's certificate. It returns
// false if err has another cause.
func badCertificate(host string, err error) (Check, bool) {
	var unknown x509.UnknownAuthorityError
	var name x509.HostnameError
	var invalid x509.CertificateInvalidError
	var other *tls.CertificateVerificationError
	switch {
	case errors.As(err, &unknown):
		return fail("This system does not trust the certificate authority of "+host+".",
			"Either a proxy opens the TLS connection and shows its own certificate, or this system lacks root certificates.",
			"Install the missing root certificate in the system's store (ca-certificates), or name its file in SSL_CERT_FILE."), true
	case errors.As(err, &name):
		return fail("The certificate of "+host+" is for another name.",
			"Another server responds in its place, or its certificate was not issued for this name.",
			"Check the name, and whether a proxy responds in place of the server."), true
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return fail("The certificate of "+host+" has expired or is not valid yet.",
			"If the server is public, most often the clock of this machine is wrong.",
			"Check the date and time of this machine. If they are right, the operator of "+host+" must renew the certificate."), true
	case errors.As(err, &other):
		return fail("The certificate of "+host+" is not valid.",
			"It was issued for another purpose, or its chain is damaged.",
			"The operator of "+host+" must replace the certificate."), true
	}
	return Check{}, false
}

// unknownHost says why the lookup of host failed.
func unknownHost(host string, err *net.DNSError) Check {
	if err.IsNotFound {
		return fail("There is no host "+host+".",
			"DNS has no address for this name.",
			"Check the spelling. If only this network knows the name, check which DNS server this machine uses.")
	}
	return fail("The lookup of "+host+" failed.",
		"The DNS server failed or did not respond in time, so it is unknown whether the host exists.",
		"Check the DNS server of this machine (/etc/resolv.conf) and the connection to it.")
}
