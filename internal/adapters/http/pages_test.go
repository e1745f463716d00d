package http

import (
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestEveryPageRenders(t *testing.T) {
	p, err := newPages(pageOptions{AppName: "Webapp"})
	require.NoError(t, err)
	for _, v := range emptyViews() {
		rec := httptest.NewRecorder()
		require.NoError(t, p.write(rec, 200, chrome{SignedIn: true, Name: "Ada"}, v))
	}
}
