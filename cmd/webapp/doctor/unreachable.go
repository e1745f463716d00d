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

// unreachable says why no answer came from u, in words of ours: an error of the
// network can quote what the other side sent.
func unreachable(u *url.URL, err error) Check {
	host := hostOf(u)
	if c, found := badCertificate(host, err); found {
		return c
	}
	var noTLS tls.RecordHeaderError
	var op *net.OpError
	switch {
	case errors.As(err, &op) && op.Op == "proxyconnect":
		return fail("The proxy of this machine does not lead to "+host+".",
			"HTTPS_PROXY or HTTP_PROXY names a proxy, and it did not make the connection.",
			"Mend the proxy, or name "+u.Hostname()+" in NO_PROXY where it is reached directly.")
	case isTimeout(err):
		return fail(host+" did not answer within 5 seconds.",
			"Most often a firewall drops the connection, or the way out of this network is a proxy.",
			"Allow outgoing connections to "+host+", or set HTTPS_PROXY.")
	case isRefused(err):
		return fail(host+" refuses connections.",
			"The machine is there, but nothing listens on that port, or a firewall rejects it.",
			"Check the host and the port; is the server up?")
	case errors.As(err, &noTLS), errors.Is(err, http.ErrSchemeMismatch):
		return fail(host+" does not speak TLS.",
			"The address begins with https, but what answers there is something else.",
			"Check the port, or whether a proxy in between answers in the server's place.")
	}
	if dns, found := errors.AsType[*net.DNSError](err); found {
		return unknownHost(u.Hostname(), dns)
	}
	return fail("The connection to "+host+" broke.",
		"A connection was made, and it ended before an answer came.",
		"Is a firewall or a proxy in between? Ask whoever runs it, then try again.")
}

func isTimeout(err error) bool {
	var timeout interface{ Timeout() bool }
	return errors.Is(err, context.DeadlineExceeded) || errors.As(err, &timeout) && timeout.Timeout()
}

// isRefused says whether nothing listens on the port. Windows reports
// WSAECONNREFUSED, which is not its syscall.ECONNREFUSED.
func isRefused(err error) bool {
	const wsaeConnRefused = syscall.Errno(10061)
	return errors.Is(err, syscall.ECONNREFUSED) || errors.Is(err, wsaeConnRefused)
}

// badCertificate tells apart the ways in which a certificate can be wrong.
func badCertificate(host string, err error) (Check, bool) {
	var authority x509.UnknownAuthorityError
	var name x509.HostnameError
	var invalid x509.CertificateInvalidError
	var other *tls.CertificateVerificationError
	switch {
	case errors.As(err, &authority):
		return fail("The certificate of "+host+" comes from an authority that this system does not trust.",
			"Either a proxy opens the connection and shows a certificate of its own, or this system lacks root certificates.",
			"Install the missing root certificate in the system's store (ca-certificates), or name its file in SSL_CERT_FILE."), true
	case errors.As(err, &name):
		return fail("The certificate of "+host+" is for another name.",
			"Something else answers in its place, or its certificate was never made for this name.",
			"Check the name, and whether a proxy in between answers in the server's place."), true
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return fail("The certificate of "+host+" has expired, or does not hold yet.",
			"With a public server that is most often the clock of this machine.",
			"Check this machine's date and time; else whoever runs "+host+" has to renew its certificate."), true
	case errors.As(err, &other):
		return fail("The certificate of "+host+" is not valid.",
			"It was issued for other purposes, or its chain is damaged.",
			"Whoever runs "+host+" has to replace it."), true
	}
	return Check{}, false
}

// unknownHost says why a name has no addresses.
func unknownHost(host string, err *net.DNSError) Check {
	if err.IsNotFound {
		return fail("There is no host "+host+".",
			"The name server knows no address of that name.",
			"Check the spelling. If the name is one of this network alone, check which name server this machine asks.")
	}
	return fail("The name server gave no answer about "+host+".",
		"It took too long or failed, so that it is not known whether there is such a host.",
		"Check this machine's name server (/etc/resolv.conf) and its way to the network.")
}
