package templates

var _ = addSamples(
	sample{"admin", signedIn("/admin"), Admin{Role: "Admin", Roles: []string{"Admin", "Reports.Read"}}},
)
