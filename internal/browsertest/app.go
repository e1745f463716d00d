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

// StartApp runs binary with args in an empty directory and waits until it
// serves. LISTEN_ADDR and REDIRECT_URI name a free port of localhost; env adds
// to them or replaces them. At the end of the test the app is stopped by
// SIGTERM and must exit with status 0.
func StartApp(t T, binary string, env map[string]string, args ...string) *App {
	t.Helper()
	port := FreePort(t)
	origin := fmt.Sprintf("http://localhost:%d", port)
	all := map[string]string{
		"LISTEN_ADDR":  fmt.Sprintf("localhost:%d", port),
		"REDIRECT_URI": origin + "/getAToken",
	}
	maps.Copy(all, env)
	cmd := exec.Command(binary, args...)
	cmd.Dir = t.TempDir()
	app := &App{Process: StartProcess(t, cmd, all), URL: origin}
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
