package fakeidp_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"webapp/internal/adapters/fakeidp"
)

func TestUserInfoCanBeMadeWrong(t *testing.T) {
	rp := newParty(t, start(t), fakeidp.ContosoTenantID)
	token, claims := rp.signIn(fakeidp.UserMember)
	ask := func() map[string]any { return decode(t, get(t, rp.idp.BaseURL()+"/oidc/userinfo", token.AccessToken)) }
	right := ask()
	assert.Equal(t, claims["sub"], right["sub"])
	rp.idp.MutateUserInfo(func(username string, said map[string]any) { said["sub"], said["who"] = "somebody", username })
	wrong := ask()
	assert.Equal(t, "somebody", wrong["sub"])
	assert.Equal(t, fakeidp.UserMember, wrong["who"])
	rp.idp.MutateUserInfo(nil)
	assert.Equal(t, right, ask())
}
