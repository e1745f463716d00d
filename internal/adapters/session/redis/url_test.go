package redis

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// target is the content of a URL.
type target struct {
	addrs                          []string
	user, password, master         string
	db, poolSize                   int
	tls, cluster                   bool
	sentinelUser, sentinelPassword string
}

func targetOf(raw string) (target, error) {
	o, err := parseURL(raw)
	if err != nil {
		return target{}, err
	}
	return target{
		addrs: o.Addrs, user: o.Username, password: o.Password, master: o.MasterName, db: o.DB, poolSize: o.PoolSize,
		tls: o.TLSConfig != nil, cluster: o.IsClusterMode, sentinelUser: o.SentinelUsername, sentinelPassword: o.SentinelPassword,
	}, nil
}

func TestURLs(t *testing.T) {
	for raw, want := range map[string]target{
		"redis://localhost":                               {addrs: []string{"localhost:6379"}},
		"redis://localhost/":                              {addrs: []string{"localhost:6379"}},
		"redis://10.0.0.7:6380/3":                         {addrs: []string{"10.0.0.7:6380"}, db: 3},
		"redis://[::1]":                                   {addrs: []string{"[::1]:6379"}},
		"redis://[2001:db8::1]:7000/0":                    {addrs: []string{"[2001:db8::1]:7000"}},
		"redis://:secret@h":                               {addrs: []string{"h:6379"}, password: "secret"},
		"redis://app:secret@h:1/2":                        {addrs: []string{"h:1"}, user: "app", password: "secret", db: 2},
		"redis://a%40b:%2F%3F%23%40%3A%25+@h":             {addrs: []string{"h:6379"}, user: "a@b", password: "/?#@:%+"},
		"redis://app:a:b@h":                               {addrs: []string{"h:6379"}, user: "app", password: "a:b"},
		"redis://h?pool_size=50":                          {addrs: []string{"h:6379"}, poolSize: 50},
		"rediss://cache.example.net:6380":                 {addrs: []string{"cache.example.net:6380"}, tls: true},
		"redis+cluster://a,b:7001,[::1]:2":                {addrs: []string{"a:6379", "b:7001", "[::1]:2"}, cluster: true},
		"redis+cluster://one/0":                           {addrs: []string{"one:6379"}, cluster: true},
		"rediss+cluster://u:p@a,b/":                       {addrs: []string{"a:6379", "b:6379"}, user: "u", password: "p", cluster: true, tls: true},
		"redis+unix:///run/redis.sock":                    {addrs: []string{"/run/redis.sock"}},
		"redis+unix://app:s%2Fp@/run/a%20b.sock?db=3":     {addrs: []string{"/run/a b.sock"}, user: "app", password: "s/p", db: 3},
		"unix://:secret@/run/redis.sock?db=1&pool_size=2": {addrs: []string{"/run/redis.sock"}, password: "secret", db: 1, poolSize: 2},
		"redis+socket:///run/redis.sock":                  {addrs: []string{"/run/redis.sock"}},
		"redis+sentinel://s1,s2:5/main":                   {addrs: []string{"s1:26379", "s2:5"}, master: "main"},
		"rediss+sentinel://:p@s/my-master.1/4?sentinel_username=su&sentinel_password=s%26p&pool_size=7": {
			addrs: []string{"s:26379"}, password: "p", master: "my-master.1", db: 4, tls: true,
			sentinelUser: "su", sentinelPassword: "s&p", poolSize: 7,
		},
	} {
		got, err := targetOf(raw)
		require.NoError(t, err, raw)
		assert.Equal(t, want, got, raw)
	}
}

func TestMalformedURLs(t *testing.T) {
	for raw, says := range map[string]string{
		"":                                            "must begin with redis://",
		"redis:localhost":                             "must begin with redis://",
		"REDIS://localhost":                           "must begin with redis://",
		"http://localhost":                            "must begin with redis://",
		"redis-sentinel://h/main":                     "must begin with redis://",
		"rediscluster://h":                            "must begin with redis://",
		"redis+sentinel+cluster://h":                  "must begin with redis://",
		"redis://":                                    "host 1 of 1: the name is missing",
		"redis://:6379":                               "host 1 of 1: the name is missing",
		"redis://h:0":                                 "the port is not a number from 1 to 65535",
		"redis://h:":                                  "the port is not a number",
		"redis://h:65536":                             "the port is not a number",
		"redis://h:+1":                                "the port is not a number",
		"redis://::1":                                 "the name is missing",
		"redis://fe80::1":                             "an IPv6 address stands in brackets",
		"redis://[::1":                                "is not closed",
		"redis://[127.0.0.1]":                         "no IPv6 address",
		"redis://[::1]6379":                           "only :PORT may follow",
		"redis://h h":                                 "the name is missing or malformed",
		"redis://a,b":                                 "redis+cluster://",
		"redis+unix://run/redis.sock":                 "three slashes",
		"redis+unix://":                               "three slashes",
		"redis+unix:///":                              "three slashes",
		"redis+unix:///run/redis.sock/":               "three slashes",
		"redis+unix:///run/%zz":                       "% as %25",
		"redis+unix:///s?db=x":                        "database number",
		"redis+unix:///s?db=-1":                       "database number",
		"redis://h?db=1":                              "unknown parameter",
		"rediss+unix:///run/redis.sock":               "must begin with redis://",
		"unix://a@b@/run/redis.sock":                  "not escaped",
		"unix:///run/p@ss.sock":                       "not escaped",
		"redis+cluster://a,,b":                        "host 2 of 3",
		"redis+cluster://a/1":                         "database 0 only",
		"redis+sentinel://s":                          "name of the Sentinel master",
		"redis+sentinel://s/":                         "name of the Sentinel master",
		"redis+sentinel://s/main/x":                   "database number",
		"redis+sentinel://s/ma%20in":                  "name of the Sentinel master",
		"redis://h/one":                               "database number",
		"redis://h/-1":                                "database number",
		"redis://h/1/2":                               "database number",
		"redis://secret@h":                            "without a password",
		"redis://secret:@h":                           "without a password",
		"redis://u:secret%zz@h":                       "write % as %25",
		"redis://u:sec@ret@h":                         "not escaped",
		"redis://u:sec/ret@h":                         "not escaped",
		"redis://u:sec?ret@h":                         "not escaped",
		"redis://u:sec#ret@h":                         "not escaped",
		"redis://u:secret@h?db=1":                     "unknown parameter",
		"redis://u:secret@h?skip_verify":              "empty or given twice",
		"redis://u:secret@h?pool_size=0":              "pool_size",
		"redis://u:secret@h?pool_size=1&pool_size=2":  "given twice",
		"redis://u:secret@h?pool_size=99999999999999": "pool_size",
		"redis://u:secret@h?%zz":                      "malformed",
		"redis://u:secret@h?sentinel_password=secret": "unknown parameter",
		"redis+sentinel://s/main?sentinel_username=secret": "without sentinel_password",
	} {
		s, err := Open(t.Context(), raw, nil)
		require.ErrorContains(t, err, says, raw)
		require.Nil(t, s)
		assert.True(t, strings.HasPrefix(err.Error(), "redis: "), err)
		for _, piece := range []string{"secret", "ret@", "zz"} {
			assert.NotContains(t, err.Error(), piece, raw)
		}
	}
}

func TestEveryFaultOfAURLIsNamed(t *testing.T) {
	_, err := Open(t.Context(), "redis+sentinel://secret@a,:1/-/x?foo=1", nil)
	require.ErrorContains(t, err, "without a password")
	require.ErrorContains(t, err, "host 2 of 2")
	require.ErrorContains(t, err, "database number")
	require.ErrorContains(t, err, "unknown parameter")
}

func TestWarnOfRedisWithoutTLS(t *testing.T) {
	for raw, warned := range map[string]bool{
		"redis://cache.example.net":             true,
		"redis://:p@10.0.0.7:6379/1":            true,
		"redis+cluster://localhost,10.0.0.7":    true,
		"redis+sentinel://10.0.0.7/main":        true,
		"redis://localhost.evil.example":        true,
		"redis://localhost":                     false,
		"redis://127.0.0.1:1":                   false,
		"redis://[::1]":                         false,
		"redis+unix:///run/redis.sock":          false,
		"rediss://cache.example.net":            false,
		"rediss+sentinel://10.0.0.7/main":       false,
		"redis://malformed@cache@example.net:x": false,
	} {
		wrong, remedy := Warn(raw)
		assert.Equal(t, warned, wrong != "" && remedy != "", raw)
		assert.NotContains(t, wrong+remedy, "example.net")
	}
}
