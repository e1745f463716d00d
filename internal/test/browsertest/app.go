package browsertest

import (
	"fmt"
	"maps"
	"net/http"
	"os/exec"
	"time"
)

const startTimeout = 20 * time.Second

// App is the built binary, serving.
type App struct {
	*Process
	// URL is the app's origin without a trailing slash.
	URL string
}

// AppConfig says how to run the app.
type AppConfig struct {
	Binary string // as Build answered it
	Port   int    // of localhost; 0 for a free one
	Env    map[string]string
	Args   []string
}

// StartApp runs the binary in an empty directory and waits until it serves.
// LISTEN_ADDR and REDIRECT_URI follow from the port; Env comes on top of them,
// and nothing of the test's own environment does. At the end of the test the
// app is stopped by SIGTERM and must exit with status 0.
func StartApp(t T, c AppConfig) *App {
	t.Helper()
	if c.Port == 0 {
		c.Port = FreePort(t)
	}
	origin := fmt.Sprintf("http://localhost:%d", c.Port)
	env := map[string]string{
		"LISTEN_ADDR":  fmt.Sprintf("localhost:%d", c.Port),
		"REDIRECT_URI": origin + "/getAToken",
	}
	maps.Copy(env, c.Env)
	cmd := exec.Command(c.Binary, c.Args...)
	cmd.Dir = t.TempDir()
	app := &App{Process: StartProcess(t, cmd, env), URL: origin}
	check(t, app.waitFor(startTimeout, app.healthy), "wait for the app")
	t.Cleanup(app.stopIfRunning)
	return app
}

func (a *App) healthy() error {
	resp, err := http.Get(a.URL + "/healthz")
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("GET /healthz: %s", resp.Status)
	}
	return nil
}

func (a *App) stopIfRunning() {
	select {
	case <-a.Exited():
		if code := a.ExitCode(); code != 0 {
			a.t.Errorf("the app exited with status %d", code)
		}
	default:
		a.Stop()
	}
}
