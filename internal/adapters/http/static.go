package http

import "net/http"

// staticFile answers with the file of a current name.
func (a *app) staticFile(w http.ResponseWriter, r *http.Request) error {
	if !a.pages.WriteStatic(w, r) {
		// A name of another version may be right a moment later, while
		// instances of two versions run: nobody is to remember this answer.
		return errNotFound
	}
	return nil
}
