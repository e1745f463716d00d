package templates

import "strconv"

// Explanation explains an error number: Sentence and Next are for the user, Remedy
// is for an administrator. Heading is empty if the heading of the error's kind
// fits.
type Explanation struct {
	Heading, Sentence, Next, Remedy Message
	// NeedsAdmin is true if signing in again does not help until an administrator
	// has changed something.
	NeedsAdmin bool
	// AdminConsent is true if the consent of an administrator would help.
	AdminConsent bool
}

// aadstsGroup is a group of numbers with the same meaning. Its texts are
// aadsts.NAME.sentence, aadsts.NAME.remedy and aadsts.next.NEXT.
type aadstsGroup struct {
	name, next string
	numbers    []int
	// b2c are the numbers of Azure AD B2C, with the prefix AADB2C.
	b2c     []int
	heading Message
	// adminConsent means that the consent of an administrator would help.
	adminConsent bool
}

// aadstsGroups returns the numbers that users can meet during a sign-in, from
// Microsoft's list of Entra authentication errors.
func aadstsGroups() []aadstsGroup {
	return []aadstsGroup{
		{name: "forgotten", next: "admin", b2c: []int{90118}, heading: "aadsts.forgotten.heading"},
		{name: "redirect", next: "admin", numbers: []int{50011, 900971}},
		{name: "consent", next: "consent", numbers: []int{65001}, adminConsent: true},
		{name: "adminconsent", next: "approval", numbers: []int{90094, 90095}, heading: "aadsts.adminconsent.heading", adminConsent: true},
		{name: "declined", next: "accept", numbers: []int{65004}, heading: "error.declined.heading"},
		{name: "unassigned", next: "account", numbers: []int{50105}, heading: "aadsts.noaccess.heading"},
		{name: "secretwrong", next: "admin", numbers: []int{7000215}},
		{name: "secretexpired", next: "admin", numbers: []int{7000222}},
		{name: "secretmissing", next: "admin", numbers: []int{7000218}},
		{name: "publicclient", next: "admin", numbers: []int{700025}},
		{name: "assertion", next: "admin", numbers: []int{700027, 700024, 50012}},
		{name: "application", next: "admin", numbers: []int{700016, 700011}},
		{name: "tenant", next: "admin", numbers: []int{90002}},
		{name: "cloud", next: "admin", numbers: []int{90038, 900439}},
		{name: "singletenant", next: "admin", numbers: []int{50194}},
		{name: "account", next: "account", numbers: []int{50020, 16000, 50034, 51004}, heading: "aadsts.noaccess.heading"},
		{name: "policy", next: "admin", numbers: []int{53003}},
		{name: "device", next: "device", numbers: []int{53000, 53001, 53002}},
		{name: "mfa", next: "verify", numbers: []int{50074, 50076}},
		{name: "mfasetup", next: "enroll", numbers: []int{50072, 50079}},
		{name: "sso", next: "again", numbers: []int{50058, 16002}},
		{name: "used", next: "again", numbers: []int{54005}},
		{name: "expired", next: "again", numbers: []int{70008, 700082, 50173, 70043}},
		{name: "pkce", next: "again", numbers: []int{501481, 50147}},
		{name: "code", next: "again", numbers: []int{700005}},
		{name: "parameter", next: "admin", numbers: []int{9002313, 900144}},
		{name: "scope", next: "admin", numbers: []int{70011, 28003, 700022}},
		{name: "disabled", next: "admin", numbers: []int{50057}},
		{name: "locked", next: "unlock", numbers: []int{50053}},
		{name: "passwordexpired", next: "password", numbers: []int{50055}},
		{name: "loop", next: "browser", numbers: []int{50196}},
		{name: "busy", next: "later", numbers: []int{90055, 90033, 50033}},
	}
}

// explanations returns the explanations by number with its prefix.
func explanations() map[string]Explanation {
	table := map[string]Explanation{}
	for _, g := range aadstsGroups() {
		e := Explanation{
			Heading:  g.heading,
			Sentence: Message("aadsts." + g.name + ".sentence"),
			Remedy:   Message("aadsts." + g.name + ".remedy"),
			Next:     Message("aadsts.next." + g.next),

			NeedsAdmin:   g.next == "admin" || g.next == "approval",
			AdminConsent: g.adminConsent,
		}
		for _, number := range g.numbers {
			table["AADSTS"+strconv.Itoa(number)] = e
		}
		for _, number := range g.b2c {
			table["AADB2C"+strconv.Itoa(number)] = e
		}
	}
	return table
}

// Explain returns the explanation of an error number with its prefix, such as
// "AADSTS50011". It returns false if there is none.
func (p *Pages) Explain(number string) (Explanation, bool) {
	e, ok := p.explain[number]
	return e, ok
}
