package http

// pageName is the name of a page's template file, without ".html".
type pageName string

const (
	pageSignIn    pageName = "signin"
	pageHome      pageName = "home"
	pageAPI       pageName = "api"
	pageSignOut   pageName = "signout"
	pageSignedOut pageName = "signedout"
	pageError     pageName = "error"
	pageForbidden pageName = "forbidden"
	pageSessions  pageName = "sessions"
	pageAdmin     pageName = "admin"
	pageGroups    pageName = "groups"
	pageNotFound  pageName = "notfound"
	pageMethod    pageName = "method"
)

// emptyViews has one view of each page.
func emptyViews() []view {
	return []view{
		signInView{}, homeView{}, apiView{}, signOutView{}, signedOutView{},
		sessionsView{}, adminView{}, groupsView{}, errorView{}, forbiddenView{}, notFoundView{}, methodView{},
	}
}

func (signInView) page() pageName    { return pageSignIn }
func (homeView) page() pageName      { return pageHome }
func (apiView) page() pageName       { return pageAPI }
func (signOutView) page() pageName   { return pageSignOut }
func (signedOutView) page() pageName { return pageSignedOut }
func (errorView) page() pageName     { return pageError }
func (forbiddenView) page() pageName { return pageForbidden }
func (sessionsView) page() pageName  { return pageSessions }
func (adminView) page() pageName     { return pageAdmin }
func (groupsView) page() pageName    { return pageGroups }
func (notFoundView) page() pageName  { return pageNotFound }
func (methodView) page() pageName    { return pageMethod }
