package http

import (
	"slices"
	"strings"

	"webapp/templates"
)

// The paths of the routes. Those of signed-in people's pages stand in Pages. The
// callback's path is configured, and static files begin with
// templates.StaticPrefix.
const (
	homePath         = "/"
	loginPath        = "/login"
	logoutPath       = "/logout"
	sessionsPath     = "/sessions"
	frontChannelPath = "/frontchannel-logout"
	backChannelPath  = "/backchannel-logout"
	healthPath       = "/healthz"
	readyPath        = "/readyz"
)

func reservedPaths() []string {
	paths := []string{homePath, loginPath, logoutPath, frontChannelPath, backChannelPath, healthPath, readyPath,
		strings.TrimSuffix(templates.StaticPrefix, "/")}
	for _, p := range Pages() {
		paths = append(paths, p.Path)
	}
	return paths
}

// Reserved says whether path is the application's own, with or without a slash
// at its end: neither a redirect URI nor another way in may have it.
func Reserved(path string) bool {
	return path == homePath || slices.Contains(reservedPaths(), strings.TrimSuffix(path, "/")) || strings.HasPrefix(path, templates.StaticPrefix)
}

// NoReturn are the paths that nobody is sent back to after signing in: they
// would start or end another sign-in.
func NoReturn(callbackPath string) []string { return []string{callbackPath, loginPath, logoutPath} }
