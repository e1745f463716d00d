package browsertest

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

const startTimeout = 20 * time.Second

// App is a running application.
type App struct {
	*Process
	// URL is the app's origin and BASE_PATH, without a trailing slash.
	URL string
}

// AppConfig configures StartApp.
type AppConfig struct {
	Binary string // path from Build
	Port   int    // of localhost; 0 for a free one
	Env    map[string]string
	Args   []string
}

// StartApp runs the binary in an empty directory and waits until it serves. The
// environment consists of LISTEN_ADDR and REDIRECT_URI for the port, and Env. At the
// end of the test the application gets SIGTERM and must exit with status 0.
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
	app := &App{Process: StartProcess(t, cmd, env), URL: origin + env["BASE_PATH"]}
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

// Build compiles cmd/webapp into dir, as the Dockerfile does, and returns the path
// of the binary. Call it once for many tests.
func Build(ctx context.Context, dir string) (string, error) {
	root, err := moduleRoot(ctx)
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, "webapp")
	cmd := exec.CommandContext(ctx, "go", "build", "-tags", "grpcnotrace", "-trimpath", "-o", path, "./cmd/webapp")
	cmd.Dir, cmd.Env = root, append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("go build ./cmd/webapp: %w\n%s", err, out)
	}
	return path, nil
}

// moduleRoot returns the directory of go.mod.
func moduleRoot(ctx context.Context) (string, error) {
	out, err := exec.CommandContext(ctx, "go", "env", "GOMOD").Output()
	if err != nil {
		return "", fmt.Errorf("go env GOMOD: %w", err)
	}
	mod := strings.TrimSpace(string(out))
	if mod == "" || mod == os.DevNull {
		return "", errors.New("not inside the module")
	}
	return filepath.Dir(mod), nil
}
