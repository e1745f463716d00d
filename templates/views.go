package templates

import (
	"net/http"
	"strings"
	"time"
)

// A View is what one page shows in its main part; its type chooses the page.
// All text in a view is plain text: the templates escape it. What is not data
// but words of ours is a message, worded when the page is rendered. A URL in a
// view is built by whoever fills it, never taken from a request as it came.
type View interface{ page() pageName }

// Link leads to another page.
type Link struct {
	Text Message
	URL  string
}

// SignIn asks an anonymous visitor to sign in.
type SignIn struct {
	// LoginURL is /login, with return_to where there is a page to return to.
	LoginURL string
	// Wanted is the path (and query) that needs sign-in and is returned to;
	// empty for the plain welcome.
	Wanted string
	// Lost says that the page that needs sign-in cannot be returned to, most
	// often because its address is too long; Wanted is then "/".
	Lost bool
	// ProviderDown adds a notice that no sign-in can begin: the provider cannot
	// be reached, or, with ProviderSetup, does not fit the configuration. Number
	// is the provider's error number with its prefix, or "".
	ProviderDown  bool
	ProviderSetup bool
	Number        string
}

// Home shows a signed-in person what is known about them.
type Home struct {
	// Name and Username are for display; either may be empty.
	Name     string
	Username string
	// TenantID is empty for providers without tenants; Issuer is shown in its
	// place.
	TenantID string
	Issuer   string
	Roles    []string
	Guest    bool
	// Started is when the person signed in, IdleEnd when the session ends
	// unless it is used before, AbsoluteEnd when it ends in any case.
	Started     Moment
	IdleEnd     Moment
	AbsoluteEnd Moment
	// Claims are those of the ID token; the table is left out without any.
	Claims []Claim
	// CanCallAPI offers the way to /call_api.
	CanCallAPI bool
}

// Claim is one claim of an ID token, as text.
type Claim struct{ Name, Value string }

// API shows a call of the API and its answer.
type API struct {
	Method   string
	Endpoint string
	// Status is the API's HTTP status, 0 where there was no answer.
	Status int
	Took   time.Duration
	// Explanation says in plain words what went wrong and what to do; empty
	// when the call succeeded.
	Explanation Message
	// Body is the answer as text.
	Body string
	// Truncated says that Body is only the beginning of the answer.
	Truncated bool
}

// Failed says whether the API answered with anything but success; a redirect
// is not followed and so is none.
func (v API) Failed() bool { return v.Status >= http.StatusMultipleChoices }

// StatusText names the status, such as "Not Found"; empty for unknown ones.
func (v API) StatusText() string { return http.StatusText(v.Status) }

// Milliseconds is the time the call took, rounded down.
func (v API) Milliseconds() int64 { return v.Took.Milliseconds() }

// SignOut asks whether to sign out. To an anonymous visitor (the Chrome tells)
// it says that nobody is signed in.
type SignOut struct {
	// AtProvider says that signing out goes on to the provider's sign-out.
	AtProvider bool
}

// SignedOut confirms that the session has ended.
type SignedOut struct {
	// AtProvider says that the provider was asked to end its session too; there
	// the person may have chosen otherwise.
	AtProvider bool
	// LoginURL starts a new sign-in.
	LoginURL string
}

// Error explains a failure: what happened, why, what to do next.
type Error struct {
	// Heading is the title too. Heading and Sentence (what happened) are
	// always set; Why and Next (what to do) are left out when empty.
	Heading  Message
	Sentence Message
	Why      Message
	Next     Message
	// Actions are ways on; the first is the one to prefer.
	Actions []Link
	Details ErrorDetails
}

// ErrorDetails is what an administrator needs to find the cause. Only fields
// that are set are shown; none of them is a secret.
type ErrorDetails struct {
	// Remedy says what the administrator can do about it.
	Remedy Message
	// Number is Microsoft's error number with its prefix, such as "AADSTS50011".
	Number string
	// Code is the OAuth 2.0 error code, such as "access_denied".
	Code          string
	CorrelationID string
	TraceID       string
	// Time is when it happened, in UTC, as the provider or the log has it.
	Time      string
	RequestID string
	// Status is the HTTP status of this page.
	Status int
}

// Lookup returns the number as Microsoft's page of Entra's errors takes it; ""
// where that page does not know it.
func (d ErrorDetails) Lookup() string {
	if digits, ok := strings.CutPrefix(d.Number, "AADSTS"); ok {
		return digits
	}
	return ""
}

// Any says whether there is anything to show.
func (d ErrorDetails) Any() bool { return d != ErrorDetails{} }

// Forbidden tells a signed-in person which role a page needs.
type Forbidden struct {
	// Role is the missing app role.
	Role string
	// Contact is whom to ask for it; empty for "the administrator of this
	// application".
	Contact string
	// Username is whose account lacks the role; may be empty.
	Username string
}

// Sessions lists where the user is signed in.
type Sessions struct {
	Sessions []SessionRow
	// Others says that there is more than this browser's session.
	Others bool
}

// SessionRow is one session of the list.
type SessionRow struct {
	// ID goes back in the form that ends the session.
	ID string
	// Device names the browser and system; may be empty.
	Device  string
	Started Moment
	Seen    Moment
	// This marks the browser's own session.
	This bool
}

// Admin is the example of a page for people with a role.
type Admin struct {
	Role  string
	Roles []string
}

// Groups lists the directory groups that the user belongs to.
type Groups struct {
	// Known says whether the provider says anything of groups.
	Known bool
	IDs   []string
	AsOf  Moment
}

// Count is how many groups there are.
func (v Groups) Count() int { return len(v.IDs) }

// NotFound says that there is no such page. It repeats nothing of the
// address, so that a link cannot put words into our mouth.
type NotFound struct{}

// MethodNotAllowed says that the address exists, but not for this method.
type MethodNotAllowed struct {
	// Allowed are the methods that work, as in the Allow header.
	Allowed []string
}
