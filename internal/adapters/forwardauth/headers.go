package forwardauth

import (
	"net/http"
	"strconv"
	"strings"

	"webapp/internal/domain"
)

// setHeaders sets the headers about the user. It sets all of them, also empty ones,
// because some proxies would pass on the client's header in place of a missing one.
func setHeaders(h http.Header, who domain.Authorized) {
	values := [...]string{
		encode(string(who.User.Key)),
		encode(who.User.Name),
		encode(who.User.Username),
		encode(who.User.Roles...),
		encode(who.Groups...),
		strconv.FormatBool(who.GroupsComplete),
	}
	h["X-Auth-Request-User"] = values[0:1:1]
	h["X-Auth-Request-Name"] = values[1:2:2]
	h["X-Auth-Request-Preferred-Username"] = values[2:3:3]
	h["X-Auth-Request-Roles"] = values[3:4:4]
	h["X-Auth-Request-Groups"] = values[4:5:5]
	h["X-Auth-Request-Groups-Complete"] = values[5:6:6]
}

// encode percent-encodes the bytes of each value that are not visible ASCII
// characters, the percent sign and the comma (RFC 3986, section 2.1). Then it joins
// the values with commas.
func encode(values ...string) string {
	if len(values) == 1 && strings.IndexFunc(values[0], special) < 0 {
		return values[0]
	}
	const hex = "0123456789ABCDEF"
	var room [2 << 10]byte
	b := room[:0]
	for i, value := range values {
		if i > 0 {
			b = append(b, ',')
		}
		for _, c := range []byte(value) {
			if special(rune(c)) {
				b = append(b, '%', hex[c>>4], hex[c&15])
			} else {
				b = append(b, c)
			}
		}
	}
	return string(b)
}

// special reports whether encode percent-encodes the character.
func special(c rune) bool { return c < 0x21 || c > 0x7e || c == '%' || c == ',' }
