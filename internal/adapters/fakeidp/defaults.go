package fakeidp

import (
	"cmp"
	"fmt"
	"slices"
	"time"
)

// Identifiers of the default configuration.
const (
	// ContosoTenantID is the home tenant of the default client.
	ContosoTenantID = "7f0b8a52-3c1d-4e6f-9a20-5d41c8e7b301"
	// FabrikamTenantID is the home tenant of the default guest.
	FabrikamTenantID = "c2a94d10-86e3-4b7a-b5f8-02d963e1a7c4"
	// ConsumersTenantID is Entra's tenant of personal accounts.
	ConsumersTenantID = "9188040d-6c67-4c5b-b112-36a304b66dad"

	// DefaultClientID and DefaultClientSecret belong to DefaultClient.
	DefaultClientID     = "5b3f6c1e-90d7-4f28-8a6b-e1c04d7295fa"
	DefaultClientSecret = "only-for-the-demo-provider"

	// UserMember, UserAdmin, UserGuest, UserRefused, UserManyGroups and
	// UserPersonal are the usernames of DefaultAccounts.
	UserMember     = "adele.vance@contoso.example"
	UserAdmin      = "megan.bowen@contoso.example"
	UserGuest      = "alex.wilber@fabrikam.example"
	UserRefused    = "diego.siciliani@contoso.example"
	UserManyGroups = "lynne.robbins@contoso.example"
	UserPersonal   = "isaiah.langer@outlook.example"
)

// manyGroups exceeds Entra's limit of 200 groups in a token, and fills several
// pages of getMemberObjects.
const manyGroups = 1000

// DefaultTenants returns Contoso, which has user flows of Azure AD B2C too, Fabrikam and
// the tenant of personal accounts.
func DefaultTenants() []Tenant {
	return []Tenant{
		{ID: ContosoTenantID, Domain: "contoso.example", Name: "Contoso", UserFlows: DefaultUserFlows()},
		{ID: FabrikamTenantID, Domain: "fabrikam.example", Name: "Fabrikam"},
		{ID: ConsumersTenantID, Domain: "outlook.example", Name: "Personal accounts", OwnKey: true},
	}
}

// DefaultClient returns a multi-tenant confidential client whose redirect URI
// is http://localhost/getAToken on any port.
func DefaultClient() Client {
	return Client{
		ID:           DefaultClientID,
		Name:         "Demo application",
		Secrets:      []string{DefaultClientSecret},
		RedirectURIs: []string{"http://localhost/getAToken"},
	}
}

// DefaultAccounts returns a member, an administrator, a guest, an account whose
// sign-in is refused, an account with a thousand groups and a personal account.
func DefaultAccounts() []Account {
	return []Account{
		{
			Username: UserMember, Name: "Adele Vance", GivenName: "Adele", Surname: "Vance", JobTitle: "Retail Manager",
			Description: "A member of Contoso with no special rights.",
			Home:        Membership{TenantID: ContosoTenantID, ObjectID: "0f5d2b6e-1c47-4a83-9be2-7a60d3f1c851", Groups: groupIDs("a", 2)},
		},
		{
			Username: UserAdmin, Name: "Megan Bowen", GivenName: "Megan", Surname: "Bowen", JobTitle: "IT Administrator",
			Description: "A member of Contoso with the app role Admin.",
			Home:        Membership{TenantID: ContosoTenantID, ObjectID: "3b81e9d4-52fa-4c06-8d17-c9e40a7b26f3", Roles: []string{"Admin"}, Groups: groupIDs("a", 3)},
		},
		{
			Username: UserGuest, Name: "Alex Wilber", GivenName: "Alex", Surname: "Wilber", JobTitle: "Consultant",
			Description: "A guest of Contoso, at home in Fabrikam.",
			Home:        Membership{TenantID: FabrikamTenantID, ObjectID: "86c7f20a-e3d5-49b1-a4f6-1b52d80e97c3"},
			Guest:       []Membership{{TenantID: ContosoTenantID, ObjectID: "d94a17be-6f08-4325-9c7b-e05f3a62d18b"}},
		},
		{
			Username: UserManyGroups, Name: "Lynne Robbins", GivenName: "Lynne", Surname: "Robbins", JobTitle: "Planner",
			Description: "A member of a thousand groups, too many for one token.",
			Home:        Membership{TenantID: ContosoTenantID, ObjectID: "5ea03c79-b8d1-4f62-87a4-26f9c0d1e58b", Groups: groupIDs("b", manyGroups)},
		},
		{
			Username: UserRefused, Name: "Diego Siciliani", GivenName: "Diego", Surname: "Siciliani", JobTitle: "HR Manager",
			Description: "Not assigned to this application: the sign-in is refused.",
			Home:        Membership{TenantID: ContosoTenantID, ObjectID: "b7209f4d-0ae6-4d3c-95c1-f84e6b13a70d"},
			Refuse:      newError(50105, "Your administrator has configured the application to block users unless they are specifically granted ('assigned') access to the application. The signed in user is blocked because they are not a direct member of a group with access, nor had access directly assigned by an administrator."),
		},
		{
			Username: UserPersonal, Name: "Isaiah Langer", GivenName: "Isaiah", Surname: "Langer",
			Description: "A personal account, in no organization.",
			Home:        Membership{TenantID: ConsumersTenantID, ObjectID: "00000000-0000-0000-6a1b-94d3e07f52c8"},
		},
	}
}

// groupIDs returns n distinct GUIDs, the same ones in every process.
func groupIDs(kind string, n int) []string {
	ids := make([]string, n)
	for i := range ids {
		ids[i] = fmt.Sprintf("%s%07x-4d2e-4b91-8c05-%012x", kind, i*0x1b3d7+0x51c2, 0x3fa9c0000000+i)
	}
	return ids
}

// withDefaults returns c with the defaults of all fields that are not set.
func (c Config) withDefaults() Config {
	if c.Tenants == nil {
		c.Tenants = DefaultTenants()
	}
	if c.Accounts == nil {
		c.Accounts = DefaultAccounts()
	}
	if c.Clients == nil {
		c.Clients = []Client{DefaultClient()}
	}
	if c.Clock == nil {
		c.Clock = time.Now
	}
	c.PushedRequests = c.PushedRequests || c.RequirePushedRequests
	c.AccessTokenLifetime = cmp.Or(c.AccessTokenLifetime, time.Hour)
	c.Tenants = slices.Clone(c.Tenants)
	c.Accounts = slices.Clone(c.Accounts)
	return c
}
