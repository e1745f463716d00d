//go:build integration && linux

package cluster

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

// The day of an administrator, while people work and sign in: one instance
// dies and comes back, then each is stopped and started again in turn, as a
// rolling update does.
func TestInstancesDieAndRestartUnderLoad(t *testing.T) {
	inEachStore(t, stores(), func(t *testing.T, s store) {
		c := newCluster(t, s, 3, map[string]string{"LOG_LEVEL": "warn"})
		people := c.manySignedIn(24)
		const signers = 3
		work := c.startLoad(people, mustServe)
		work.alsoSignIn(c, signers)
		work.more(200)

		c.instances[0].kill()
		work.more(300)
		c.instances[1].stop() // one is left
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
