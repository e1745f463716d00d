package main

import (
	"fmt"
	"net/url"
	"os"
	"os/exec"

	"webapp/internal/adapters/fakeidp"
)

func main() {
	c := fakeidp.DefaultClient()
	c.NeedsConsent = []string{"Mail.Read", "Calendars.Read"}
	c.Name = "webapp demo"
	idp, err := fakeidp.New(fakeidp.Config{Clients: []fakeidp.Client{c}})
	if err != nil { panic(err) }
	base, err := idp.Start("127.0.0.1:0")
	if err != nil { panic(err) }
	defer idp.Close()
	q := url.Values{"client_id": {c.ID}, "redirect_uri": {"http://localhost:3000/getAToken"}, "response_type": {"code"}, "scope": {"openid profile User.Read"}, "state": {"s"}, "nonce": {"n"}, "code_challenge": {"E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"}, "code_challenge_method": {"S256"}, "login_hint": {fakeidp.UserAdmin}}
	auth := base + "/contoso.example/oauth2/v2.0/authorize?"
	bad := url.Values{}
	for k, v := range q { bad[k] = v }
	bad["redirect_uri"] = []string{"http://localhost:3000/elsewhere"}
	pages := map[string]string{"picker": auth + q.Encode(), "error": auth + bad.Encode(), "signedout": base + "/common/oauth2/v2.0/logout", "front": base + "/", "help": base + "/error?code=50105", "notfound": base + "/nothing"}
	shot := func(name, size, u string, more ...string) {
		args := append([]string{"--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--screenshot=/tmp/shots-idp/" + name + ".png", "--window-size=" + size}, more...)
		if out, err := exec.Command("chromium", append(args, u)...).CombinedOutput(); err != nil { fmt.Println(string(out)) }
	}
	for name, u := range pages {
		if len(os.Args) > 1 && os.Args[1] != name { continue }
		shot(name+"-light", "1100,900", u)
		if name == "picker" || name == "error" {
			shot(name+"-dark", "1100,900", u, "--blink-settings=preferredColorScheme=0")
			shot(name+"-phone", "500,900", u)
		}
	}
}
