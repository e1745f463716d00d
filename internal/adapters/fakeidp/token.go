package fakeidp

import (
	"net/http"
)

// serveToken is the token endpoint (RFC 6749, section 3.2).
func (p *Provider) serveToken(w http.ResponseWriter, r *http.Request) {
	response, refused := p.redeem(r)
	if refused != nil {
		p.answerError(w, r, refused)
		return
	}
	w.Header().Set("Pragma", "no-cache")
	answerJSON(w, http.StatusOK, response)
}

func (p *Provider) redeem(r *http.Request) (map[string]any, *Error) {
	at, refused := p.authority(r.PathValue("tenant"))
	if refused != nil {
		return nil, refused
	}
	for name, values := range r.PostForm {
		if len(values) > 1 {
			return nil, newError(9002313, "Invalid request. Request is malformed or invalid: the parameter '%s' is repeated.", clip(name))
		}
	}
	client, refused := p.authenticate(r, at)
	if refused != nil {
		return nil, refused
	}
	switch kind := r.PostForm.Get("grant_type"); kind {
	case "authorization_code":
		return p.redeemCode(r, at, client)
	case "refresh_token":
		return p.redeemRefreshToken(r, client)
	case "client_credentials":
		return p.redeemCredentials(r, at, client)
	case "":
		return nil, missing("grant_type")
	default:
		return nil, newError(70003, "The app requested an unsupported grant type '%s'.", clip(kind))
	}
}
