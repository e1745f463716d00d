package portstest

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"webapp/internal/ports"
)

func registrationTests() []named[*providerTest] {
	return []named[*providerTest]{
		{"New/an incomplete registration is refused", registrationIncomplete},
	}
}

func registrationIncomplete(t *testing.T, h *providerTest) {
	if h.InMemory {
		return
	}
	for missing, take := range map[string]func(*ports.Registration){
		"everything":        func(r *ports.Registration) { *r = ports.Registration{} },
		"the client ID":     func(r *ports.Registration) { r.ClientID = "" },
		"the client secret": func(r *ports.Registration) { r.ClientSecret = nil },
		"the redirect URI":  func(r *ports.Registration) { r.RedirectURI = "" },
	} {
		r := h.Registration
		take(&r)
		_, err := h.open(r)
		assert.Error(t, err, "New accepts a registration without "+missing)
	}
}
