//go:build integration && linux

package cluster

import (
	"net/http"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"webapp/internal/adapters/fakeidp"
)

// While people work and sign in, one instance is killed and restarted. Then all
// instances are stopped and restarted in turn, as in a rolling update.
func TestInstancesDieAndRestartUnderLoad(t *testing.T) {
	alone(t, stores(), func(t *testing.T, s store) {
		c := newCluster(t, s, 3, map[string]string{"LOG_LEVEL": "warn"})
		people := c.manySignedIn(24)
		const signers = 3
		work := c.startLoad(people, mustServe)
		work.alsoSignIn(c, signers)
		work.more(200)

		c.instances[0].kill()
		work.more(300)
		c.instances[1].stop() // one still runs
		work.more(300)
		c.instances[0].start()
		c.instances[1].start()
		work.more(300)
		for _, i := range c.instances {
			i.restart(nil)
			work.more(100)
		}
		work.finish()

		assert.Positive(t, work.signIns.Load())
		assert.LessOrEqual(t, work.broken.Load(), int64(signers), "sign-ins that broke off")
		for _, b := range people {
			b.everywhere(true, "in the end")
		}
	})
}

// A stopping instance completes a sign-in whose callback it has received.
func TestStoppedInstanceFinishesSignIns(t *testing.T) {
	inEachStore(t, stores(), func(t *testing.T, s store) {
		c := newCluster(t, s, 2, nil)
		b := c.browser()
		callback := b.begin(0, fakeidp.UserMember)
		arrived := make(chan struct{})
		c.idp.Fail(fakeidp.EndpointToken, fakeidp.Fault{Times: 1, Hang: true, Met: func() { close(arrived) }})
		back := make(chan reply, 1)
		go func() {
			r, err := b.try(1, http.MethodGet, callback, nil)
			if assert.NoError(t, err) {
				back <- r
			}
		}()
		await(t, arrived, "the code at the provider")
		last := c.instances[1]
		require.NoError(t, last.cmd.Process.Signal(syscall.SIGTERM))
		eventually(t, startLimit, "it takes no more requests", func() bool {
			_, _, err := fetch("http://" + last.addr + "/healthz")
			return err != nil
		})
		c.idp.Heal()
		assert.Equal(t, http.StatusSeeOther, await(t, back, "the callback's answer").StatusCode)
		last.stop()
		b.everywhere(true, "on the other instance")
	})
}
