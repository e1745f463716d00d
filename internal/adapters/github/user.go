package github

import (
	"context"
	"net/http"
	"strconv"
	"strings"

	"webapp/internal/ports"
	"webapp/internal/providerhttp"
)

// maxNameBytes bounds a name; GitHub's own limit is 255 characters.
const maxNameBytes = 1024

// user is an account as GitHub's API tells it.
type user struct {
	id    string
	login string
	name  string
}

// user asks whose access token this is.
func (p *Provider) user(ctx context.Context, token string) (user, error) {
	req, err := http.NewRequest(http.MethodGet, userURL, nil)
	if err != nil {
		return user{}, err
	}
	req.Header.Set("Authorization", "Bearer "+token)
	req.Header.Set("Accept", "application/vnd.github+json")
	req.Header.Set("X-GitHub-Api-Version", "2022-11-28")
	got, err := p.client.Do(providerhttp.WithEndpoint(ctx, providerhttp.EndpointUserInfo), req)
	status, doc, err := readAnswer(got, err)
	if err := answered(status, err); err != nil {
		return user{}, err
	}
	// The digits are the subject as they stand: a float would round them.
	id, err := strconv.ParseInt(string(doc.Raw("id")), 10, 64)
	if err != nil || id <= 0 {
		return user{}, refuse("its user has no positive whole number as id")
	}
	login, _ := doc.Text("login")
	name, _ := doc.Text("name")
	if login == "" || len(login) > maxNameBytes {
		return user{}, refuse("its user has no login")
	}
	if len(name) > maxNameBytes {
		name = "" // for display only
	}
	return user{strconv.FormatInt(id, 10), login, strings.TrimSpace(name)}, nil
}

func (u user) identity() ports.Identity {
	return ports.Identity{Issuer: Issuer, Subject: u.id, Name: u.name, Username: u.login}
}

func (u user) claims() []ports.Claim {
	return []ports.Claim{{Name: "name", Value: u.name}, {Name: "login", Value: u.login}, {Name: "sub", Value: u.id}, {Name: "iss", Value: Issuer}}
}
