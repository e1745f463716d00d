package redis

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"regexp"
	"strconv"
	"strings"

	"github.com/redis/go-redis/v9"

	"webapp/internal/adapters/session/remote"
)

// form is one kind of URL.
type form struct {
	tls, sentinel, cluster, socket bool
}

// Schemes returns the schemes of all forms.
func Schemes() []string {
	return []string{
		"redis", "rediss", "redis+sentinel", "rediss+sentinel", "redis+cluster", "rediss+cluster",
		"redis+unix", "redis+socket", "unix",
	}
}

// forms returns the form for a scheme. The package comment lists the schemes.
func forms(scheme string) (form, bool) {
	switch scheme {
	case "redis+unix", "redis+socket", "unix":
		return form{socket: true}, true
	}
	plain, secure := strings.CutPrefix(scheme, "rediss")
	if !secure {
		var ok bool
		if plain, ok = strings.CutPrefix(scheme, "redis"); !ok {
			return form{}, false
		}
	}
	f := form{tls: secure, sentinel: plain == "+sentinel", cluster: plain == "+cluster"}
	return f, plain == "" || f.sentinel || f.cluster
}

// parseURL returns the options in a URL. Its errors quote nothing of the URL: if a
// password is not escaped, any part can belong to it.
func parseURL(raw string) (*redis.UniversalOptions, error) {
	scheme, rest, ok := strings.Cut(raw, "://")
	f, known := forms(scheme)
	if !ok || !known {
		return nil, errors.New("the URL must begin with redis://, rediss://, redis+sentinel://, rediss+sentinel://, redis+cluster://, rediss+cluster:// or unix://")
	}
	authority, tail := rest, ""
	if i := strings.IndexAny(rest, "/?#"); i >= 0 {
		authority, tail = rest[:i], rest[i:]
	}
	if strings.ContainsAny(tail, "@#") || strings.Count(authority, "@") > 1 {
		return nil, errors.New("a reserved character is not escaped: in user name and password write / ? # @ as %2F %3F %23 %40")
	}
	path, query, _ := strings.Cut(tail, "?")
	o := &redis.UniversalOptions{IsClusterMode: f.cluster}
	if f.tls {
		o.TLSConfig = &tls.Config{MinVersion: tls.VersionTLS12}
	}
	userinfo, hosts, signedIn := strings.Cut(authority, "@")
	if !signedIn {
		userinfo, hosts = "", authority
	}
	err := setCredentials(o, userinfo, signedIn)
	if f.socket {
		err = errors.Join(err, setSocket(o, hosts, path))
	} else {
		err = errors.Join(err, setHosts(o, f, hosts), setPath(o, f, path))
	}
	return o, errors.Join(err, setParameters(o, f, query))
}

// setSocket reads the path of a Unix socket.
func setSocket(o *redis.UniversalOptions, hosts, path string) error {
	socket, err := url.PathUnescape(path)
	if err != nil || hosts != "" || socket == "" || strings.HasSuffix(socket, "/") {
		return errors.New("the path of the Unix socket is missing or malformed; write unix:///PATH with three slashes, and % as %25")
	}
	o.Addrs = []string{socket}
	return nil
}

func setCredentials(o *redis.UniversalOptions, userinfo string, given bool) error {
	if !given {
		return nil
	}
	user, password, ok := strings.Cut(userinfo, ":")
	if !ok || password == "" {
		return errors.New("there is a user name without a password; write USER:PASSWORD@ or :PASSWORD@")
	}
	var errUser, errPassword error
	o.Username, errUser = url.PathUnescape(user)
	o.Password, errPassword = url.PathUnescape(password)
	if errUser != nil || errPassword != nil {
		return errors.New("user name or password is not escaped properly: write % as %25")
	}
	return nil
}

// setPath reads the part between hosts and parameters: Sentinel's master and the
// database number.
func setPath(o *redis.UniversalOptions, f form, path string) error {
	parts := strings.Split(strings.TrimSuffix(strings.TrimPrefix(path, "/"), "/"), "/")
	if f.sentinel {
		if !sentinelMaster.MatchString(parts[0]) {
			return errors.New("the name of the Sentinel master is missing or malformed; write …/MASTER or …/MASTER/DB")
		}
		o.MasterName, parts = parts[0], parts[1:]
	}
	db := strings.Join(parts, "/")
	if db == "" || f.cluster && db == "0" {
		return nil
	}
	if f.cluster {
		return errors.New("a Cluster has database 0 only")
	}
	var err error
	o.DB, err = database(db)
	return err
}

func database(text string) (int, error) {
	n, err := strconv.Atoi(text)
	if err != nil || n < 0 || n > maxDB {
		return 0, errors.New("the database number is malformed")
	}
	return n, nil
}

const (
	maxDB       = 1 << 20
	maxPoolSize = 10_000
)

// sentinelMaster matches the names that Sentinel accepts.
var sentinelMaster = regexp.MustCompile(`^[A-Za-z0-9._-]+$`)

func setParameters(o *redis.UniversalOptions, f form, query string) error {
	values, err := url.ParseQuery(query)
	if err != nil {
		return errors.New("the parameters after the question mark are malformed")
	}
	for name, given := range values {
		switch {
		case len(given) > 1 || given[0] == "":
			err = errors.Join(err, errors.New("a parameter is empty or given twice"))
		case name == "pool_size":
			o.PoolSize, _ = strconv.Atoi(given[0])
			if o.PoolSize < 1 || o.PoolSize > maxPoolSize {
				err = errors.Join(err, errors.New("pool_size is not a number from 1 to "+strconv.Itoa(maxPoolSize)))
			}
		case f.socket && name == "db":
			var malformed error
			o.DB, malformed = database(given[0])
			err = errors.Join(err, malformed)
		case f.sentinel && name == "sentinel_username":
			o.SentinelUsername = given[0]
		case f.sentinel && name == "sentinel_password":
			o.SentinelPassword = given[0]
		default:
			err = errors.Join(err, errors.New("there is an unknown parameter; known are pool_size, with a Unix socket db, and with Sentinel sentinel_username and sentinel_password"))
		}
	}
	if o.SentinelUsername != "" && o.SentinelPassword == "" {
		err = errors.Join(err, errors.New("there is a sentinel_username without sentinel_password"))
	}
	return err
}

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

// Warn returns why the connection to the server of rawURL is not safe, and what to
// write instead. It returns empty texts if the URL is safe or malformed.
func Warn(rawURL string) (wrong, remedy string) {
	o, err := parseURL(rawURL)
	if err != nil || o.TLSConfig != nil {
		return "", ""
	}
	for _, addr := range o.Addrs {
		host, _, err := net.SplitHostPort(addr)
		if err == nil && !remote.ThisMachine(host) {
			return "reaches Redis on another machine without TLS: whoever is on the way can read its password",
				"Write rediss:// in place of redis://, also in front of +sentinel or +cluster."
		}
	}
	return "", ""
}
