package apptest_test

import (
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	webhttp "webapp/internal/adapters/http"
	"webapp/internal/ports"
	"webapp/internal/ports/portstest"
	"webapp/internal/test/apptest"
)

// FuzzEndsOfSessions sends any parameters to the front-channel logout, and any form
// to /sessions as a signed-in person. Only the named session ends, and only if the
// sender may end it. In the parameters, SID is replaced by the claim sid of the
// session on Ada's phone, PHONE by the ID of that session, and CHARLES by the ID of
// another person's session.
func FuzzEndsOfSessions(f *testing.F) {
	app := apptest.New(f, func(c *webhttp.Config) { c.Logger = slog.New(slog.NewTextHandler(io.Discard, nil)) })
	const sid = "0f5d2b6e-1c47-4a83-9be2-7a60d3f1c851"
	ada := ports.Identity{Name: "Ada"}
	onPhone := ada
	onPhone.ProviderSession = sid
	desk, phone := enter(f, app, ada), enter(f, app, onPhone)
	charles, elsewhere := enter(f, app, ports.Identity{Name: "Charles"}), enter(f, app, ports.Identity{Name: "Charles"})
	const form = "application/x-www-form-urlencoded"
	for _, query := range []string{
		"iss=" + url.QueryEscape(portstest.FakeIssuer) + "&sid=SID", "sid=SID", "iss=https%3A%2F%2Fevil.example&sid=SID",
		"iss=" + portstest.FakeIssuer + "&sid=SID&sid=SID", "iss=&sid=", "sid[]=SID", "SID=SID&Iss=x", "%zz;sid=SID",
	} {
		f.Add(true, "", query)
	}
	for _, body := range []string{"end=PHONE", "end=others", "end=CHARLES", "end=", "End=PHONE", "end=PHONE&end=others", "end=PHONE;", "%zz", `{"end":"others"}`} {
		f.Add(false, form, body)
	}
	f.Add(false, form+"; charset=utf-8", "end=PHONE")
	f.Add(false, "multipart/form-data; boundary=x", "--x\r\nContent-Disposition: form-data; name=\"end\"\r\n\r\nothers\r\n--x--")
	f.Fuzz(func(t *testing.T, frontChannel bool, kind, text string) {
		id := desk.other(t)
		text = strings.NewReplacer("SID", sid, "PHONE", id, "CHARLES", charles.other(t)).Replace(text)
		fields, unreadable := url.ParseQuery(text)
		var r *http.Request
		ended := false
		if frontChannel {
			r = httptest.NewRequest(http.MethodGet, "/frontchannel-logout", nil)
			r.URL.RawQuery = text
			one := len(fields["sid"]) == 1 && len(fields["iss"]) == 1
			few := len(text) <= 16<<10 && strings.Count(text, "&") < 100 // else nothing is read
			ended = few && unreadable == nil && one && fields.Get("sid") == sid && fields.Get("iss") == portstest.FakeIssuer
			w := (&quickBrowser{app, nil}).ask(r)
			require.Equal(t, http.StatusOK, w.Code)
			require.Empty(t, w.Body.String(), "whoever asks learns nothing")
			require.Empty(t, w.Result().Cookies())
			require.Equal(t, "no-store", w.Header().Get("Cache-Control"))
		} else {
			r = httptest.NewRequest(http.MethodPost, "/sessions", strings.NewReader(text))
			r.Header.Set("Content-Type", kind)
			w := desk.ask(r)
			require.Contains(t, []int{http.StatusSeeOther, http.StatusBadRequest, http.StatusRequestEntityTooLarge, http.StatusUnsupportedMediaType}, w.Code)
			if end := fields.Get("end"); w.Code == http.StatusSeeOther {
				require.NoError(t, unreadable)
				require.Equal(t, "/sessions", w.Header().Get("Location"))
				require.NotEmpty(t, end)
				ended = end == id || end == "others"
			}
		}
		require.Equal(t, ended, !phone.signedIn())
		require.True(t, desk.signedIn() && charles.signedIn() && elsewhere.signedIn(), "others stay")
		if ended {
			phone = enter(t, app, onPhone)
		}
	})
}
