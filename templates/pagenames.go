package templates

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
func emptyViews() []View {
	return []View{
		SignIn{}, Home{}, API{}, SignOut{}, SignedOut{},
		Sessions{}, Admin{}, Groups{}, Error{}, Forbidden{}, NotFound{}, MethodNotAllowed{},
	}
}

func (SignIn) page() pageName           { return pageSignIn }
func (Home) page() pageName             { return pageHome }
func (API) page() pageName              { return pageAPI }
func (SignOut) page() pageName          { return pageSignOut }
func (SignedOut) page() pageName        { return pageSignedOut }
func (Error) page() pageName            { return pageError }
func (Forbidden) page() pageName        { return pageForbidden }
func (Sessions) page() pageName         { return pageSessions }
func (Admin) page() pageName            { return pageAdmin }
func (Groups) page() pageName           { return pageGroups }
func (NotFound) page() pageName         { return pageNotFound }
func (MethodNotAllowed) page() pageName { return pageMethod }
