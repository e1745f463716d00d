package templates

// Explanation is what is known of an AADSTS number: a sentence and a next step
// for the person in front of the screen, a remedy for the administrator.
type Explanation struct {
	Sentence, Next, Remedy Message
	// Refusal: the person did not say no, even where the provider reports
	// access_denied.
	Refusal bool
}

// aadstsGroup is numbers of one meaning. Its texts are aadsts.NAME.sentence,
// aadsts.NAME.remedy and aadsts.next.NEXT.
type aadstsGroup struct {
	name, next string
	numbers    []int
}

// groupDeclined is the group of what a person said no to.
const groupDeclined = "declined"

// aadstsGroups are the numbers that people meet when they sign in to an
// application, as Microsoft's list of Entra authentication errors has them.
func aadstsGroups() []aadstsGroup {
	return []aadstsGroup{
		{"redirect", "admin", []int{50011, 900971}},
		{"consent", "consent", []int{65001}},
		{"adminconsent", "admin", []int{90094, 90095}},
		{groupDeclined, "accept", []int{65004}},
		{"unassigned", "account", []int{50105}},
		{"secretwrong", "admin", []int{7000215}},
		{"secretexpired", "admin", []int{7000222}},
		{"secretmissing", "admin", []int{7000218}},
		{"publicclient", "admin", []int{700025}},
		{"assertion", "admin", []int{700027, 700024, 50012}},
		{"application", "admin", []int{700016, 700011}},
		{"tenant", "admin", []int{90002}},
		{"cloud", "admin", []int{90038, 900439}},
		{"singletenant", "admin", []int{50194}},
		{"account", "account", []int{50020, 16000, 50034, 51004}},
		{"policy", "admin", []int{53003}},
		{"device", "device", []int{53000, 53001, 53002}},
		{"mfa", "verify", []int{50074, 50076}},
		{"mfasetup", "enroll", []int{50072, 50079}},
		{"sso", "again", []int{50058, 16002}},
		{"used", "again", []int{54005}},
		{"expired", "again", []int{70008, 700082, 50173, 70043}},
		{"pkce", "again", []int{501481, 50147}},
		{"code", "again", []int{700005}},
		{"parameter", "admin", []int{9002313, 900144}},
		{"scope", "admin", []int{70011, 28003, 700022}},
		{"disabled", "admin", []int{50057}},
		{"locked", "unlock", []int{50053}},
		{"passwordexpired", "password", []int{50055}},
		{"loop", "browser", []int{50196}},
		{"busy", "later", []int{90055, 90033, 50033}},
	}
}

// explanations is the table by number.
func explanations() map[int]Explanation {
	table := map[int]Explanation{}
	for _, g := range aadstsGroups() {
		for _, number := range g.numbers {
			table[number] = Explanation{
				Sentence: Message("aadsts." + g.name + ".sentence"),
				Remedy:   Message("aadsts." + g.name + ".remedy"),
				Next:     Message("aadsts.next." + g.next),
				Refusal:  g.name != groupDeclined,
			}
		}
	}
	return table
}

// Explain is what is known of number, which Entra gave as AADSTS and digits;
// false where nothing is.
func (p *Pages) Explain(number int) (Explanation, bool) {
	e, ok := p.explain[number]
	return e, ok
}
