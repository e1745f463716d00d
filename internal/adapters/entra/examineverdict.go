package entra

import (
	"net/http"

	"webapp/internal/ports"
	"webapp/internal/providerhttp"
)

// judge reads the token endpoint's answer.
func (p *Provider) judge(got providerhttp.Answer) CredentialExam {
	doc, err := providerhttp.ParseObject(got.Body)
	if err != nil {
		return CredentialExam{}
	}
	if got.Status == http.StatusOK && !doc.Has("error") {
		if p.authority.Entra() && doc.Has("access_token") {
			return CredentialExam{Verdict: VerdictAccepted}
		}
		return CredentialExam{} // to redeem that code is not what a provider does
	}
	e := tokenError(doc)
	exam := CredentialExam{Said: *e}
	exam.Verdict = otherVerdict(got.Status, e)
	if p.authority.Entra() {
		exam.Verdict = entraVerdict(e)
	}
	return exam
}

// otherVerdict reads the codes of RFC 6749, section 5.2. There "unauthorized"
// is a client that is known; some providers say so of unknown ones, so it
// proves nothing.
func otherVerdict(status int, e *ports.ProviderError) Verdict {
	switch {
	case e.Code == "invalid_client" || status == http.StatusUnauthorized:
		return VerdictRefused
	case e.Code == "invalid_grant":
		return VerdictAccepted
	}
	return VerdictUnclear
}

// entraVerdict needs the numbers, since this is for a person: Entra has one code
// for an application that it does not know and one that may not do this. An
// application that is known but has no right to a token of its own (a role or a
// consent is missing) has proved itself, and needs no such right to sign people
// in.
func entraVerdict(e *ports.ProviderError) Verdict {
	switch e.Number {
	case 700016, 700011, 90002, 90038, 900439, 70021, 700211, 700212, 700213:
		return VerdictRefused
	case 50194:
		return VerdictUnclear
	}
	switch e.Code {
	case "invalid_client":
		return VerdictRefused
	case "invalid_grant", "unauthorized_client":
		return VerdictAccepted
	}
	return VerdictUnclear
}
