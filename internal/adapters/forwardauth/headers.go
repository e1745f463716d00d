package forwardauth

import (
	"net/http"
	"strconv"
	"strings"

	"webapp/internal/domain"
)

// setHeaders sets the headers about the user. All are always present, because some
// proxies leave the client's own header in place of an absent one.
func setHeaders(h http.Header, who domain.Authorized) {
	for name, value := range map[string]string{
		"X-Auth-Request-User":               encode(string(who.User.Key)),
		"X-Auth-Request-Name":               encode(who.User.Name),
		"X-Auth-Request-Preferred-Username": encode(who.User.Username),
		"X-Auth-Request-Roles":              list(who.User.Roles),
		"X-Auth-Request-Groups":             list(who.Groups),
		"X-Auth-Request-Groups-Complete":    strconv.FormatBool(who.GroupsComplete),
	} {
		h[name] = []string{value}
	}
}

// list encodes each value and joins them with commas.
func list(values []string) string {
	encoded := make([]string, len(values))
	for i, value := range values {
		encoded[i] = encode(value)
	}
	return strings.Join(encoded, ",")
}

// encode percent-encodes the bytes that are not visible ASCII characters, and the
// percent sign and the comma (RFC 3986, section 2.1).
func encode(s string) string {
	const hex = "0123456789ABCDEF"
	var b strings.Builder
	for i := range len(s) {
		if c := s[i]; plain(c) {
			b.WriteByte(c)
		} else {
			b.Write([]byte{'%', hex[c>>4], hex[c&15]})
		}
	}
	return b.String()
}

// plain reports whether c stands for itself.
func plain(c byte) bool { return 0x21 <= c && c <= 0x7e && c != '%' && c != ',' }
