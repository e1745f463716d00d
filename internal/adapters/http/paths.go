package http

import (
	"slices"
	"strings"

	"webapp/templates"
)

// The paths of the routes. That of the callback is configured, and those of
// static files begin with templates.StaticPrefix.
const (
	homePath         = "/"
	loginPath        = "/login"
	logoutPath       = "/logout"
	callAPIPath      = "/call_api"
	sessionsPath     = "/sessions"
	groupsPath       = "/groups"
	adminPath        = "/admin"
	frontChannelPath = "/frontchannel-logout"
	backChannelPath  = "/backchannel-logout"
	healthPath       = "/healthz"
	readyPath        = "/readyz"
)

func reservedPaths() []string {
	return []string{homePath, loginPath, logoutPath, callAPIPath, sessionsPath, groupsPath, adminPath,
		frontChannelPath, backChannelPath, healthPath, readyPath, strings.TrimSuffix(templates.StaticPrefix, "/")}
}

// Reserved says whether path is the application's own, with or without a slash
// at its end: neither a redirect URI nor another way in may have it.
func Reserved(path string) bool {
	return path == homePath || slices.Contains(reservedPaths(), strings.TrimSuffix(path, "/")) || strings.HasPrefix(path, templates.StaticPrefix)
}

// NoReturn are the paths that nobody is sent back to after signing in: they
// would start or end another sign-in.
func NoReturn(callbackPath string) []string { return []string{callbackPath, loginPath, logoutPath} }
