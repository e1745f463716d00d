package fakeidp

import "time"

// Bounds. Where one is reached the oldest entry goes, or the request is refused.
const (
	maxCodes    = 2000
	maxTokens   = 20000
	maxBrowsers = 2000
	maxConsents = 10000

	maxBody     = 64 << 10 // bytes of a request body
	maxQuery    = 16 << 10 // bytes of a query
	maxHeader   = 64 << 10 // bytes of all header fields
	maxFields   = 64       // parameters of a request
	logCapacity = 128      // remembered requests of an endpoint

	readTimeout  = 10 * time.Second
	writeTimeout = 60 * time.Second
	idleTimeout  = 2 * time.Minute
)
