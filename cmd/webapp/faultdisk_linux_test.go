package main

import (
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"webapp/internal/adapters/fakeidp"
)

// disk is a place for the SQLite file of a program that runs as its own process.
type disk struct {
	// run changes the command so that dir is on this disk.
	run func(cmd *exec.Cmd, dir string)
	// fill makes the disk full, and free frees it.
	fill, free func(t *testing.T, pid int, dir string)
}

// disks returns a limit on the process's files, which every user may set, and a small
// file system, if this user may mount one.
func disks(t *testing.T) map[string]disk {
	found := map[string]disk{"file size limit": {
		run:  func(*exec.Cmd, string) {},
		fill: func(t *testing.T, pid int, _ string) { limitFiles(t, pid, "1:unlimited") },
		free: func(t *testing.T, pid int, _ string) { limitFiles(t, pid, "unlimited:unlimited") },
	}}
	probe := exec.Command("/bin/true")
	inSmallFileSystem(probe, t.TempDir())
	if out, err := probe.CombinedOutput(); err != nil {
		t.Logf("no file system can be mounted here: %s %v", out, err)
		return found
	}
	found["file system"] = disk{run: inSmallFileSystem, fill: fillUp, free: func(t *testing.T, pid int, dir string) {
		require.NoError(t, os.Remove(filler(pid, dir)))
	}}
	return found
}

// limitFiles limits the size of the files that a process writes.
func limitFiles(t *testing.T, pid int, limit string) {
	out, err := exec.Command("prlimit", "--pid", strconv.Itoa(pid), "--fsize="+limit).CombinedOutput()
	require.NoError(t, err, "%s", out)
}

// inSmallFileSystem mounts a small file system at dir. Only this command sees it.
func inSmallFileSystem(cmd *exec.Cmd, dir string) {
	flags := "-m"
	if os.Geteuid() != 0 {
		flags = "-Urm"
	}
	mount := `mount -t tmpfs -o size=1m tmpfs "$1" && shift && exec "$@"`
	args := []string{"unshare", flags, "sh", "-c", mount, "sh", dir, cmd.Path}
	cmd.Args = append(args, cmd.Args[1:]...)
	cmd.Path, cmd.Err = exec.LookPath("unshare")
}

// filler returns the path of a file on the disk of a process, as seen from outside.
func filler(pid int, dir string) string {
	return filepath.Join("/proc", strconv.Itoa(pid), "root", dir, "filler")
}

// fillUp writes files until the disk is full.
func fillUp(t *testing.T, pid int, dir string) {
	file, err := os.Create(filler(pid, dir))
	require.NoError(t, err)
	for block := make([]byte, 4096); err == nil; {
		_, err = file.Write(block)
	}
	require.ErrorIs(t, err, syscall.ENOSPC)
	_ = file.Close()
}

// While the disk is full, signed-in people can read pages, and no change is stored in
// part. When there is space again, everything works.
func TestAFullDiskUnderSQLite(t *testing.T) {
	t.Parallel()
	for name, d := range disks(t) {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			w, p := startProgram(t, func(cmd *exec.Cmd) { d.run(cmd, dir) }, "SESSION_KEY="+someKey,
				"SESSION_STORE=sqlite:"+filepath.Join(dir, "sessions.db"), "SESSION_IDLE_TIMEOUT=20s")
			b, leaver, atProvider := w.browser(), w.browser(), w.browser()
			b.mustSignIn(fakeidp.UserAdmin)
			leaver.mustSignIn(fakeidp.UserMember)
			back := toCallback(atProvider)
			codes := w.idp.Requests(fakeidp.EndpointToken)
			d.fill(t, p.cmd.Process.Pid, dir)
			w.checkFullDisk(b, leaver, back)
			assert.Equal(t, codes, w.idp.Requests(fakeidp.EndpointToken), "a code is not spent in vain")

			d.free(t, p.cmd.Process.Pid, dir)
			assert.Equal(t, http.StatusOK, b.get("/readyz").StatusCode)
			assert.True(t, b.signedIn())
			assert.Equal(t, "/call_api", back().Header.Get("Location"), "the same callback goes on")
			assert.True(t, atProvider.signedIn())
			assert.Equal(t, http.StatusSeeOther, leaver.do(http.MethodPost, "/logout", nil).StatusCode)
			assert.False(t, leaver.signedIn())
			p.stop(t)
		})
	}
}

// checkFullDisk checks the application while the disk is full.
func (w *world) checkFullDisk(b, leaver *browser, back step) {
	t := w.t
	r := back()
	assert.Equal(t, http.StatusServiceUnavailable, r.StatusCode, r.body)
	assert.NotEmpty(t, r.Header.Get("Retry-After"))
	assert.Contains(t, r.body, "Your session cannot be read at the moment")
	thief := leaver.copy()
	switch r := leaver.do(http.MethodPost, "/logout", nil); r.StatusCode {
	case http.StatusSeeOther:
		assert.False(t, thief.signedIn(), "signed out means signed out")
		leaver.mustSignIn(fakeidp.UserMember)
	default:
		assert.Equal(t, http.StatusServiceUnavailable, r.StatusCode, r.body)
		assert.NotEmpty(t, r.Header.Get("Retry-After"))
		assert.True(t, leaver.signedIn())
	}
	ready := w.browser().get("/readyz")
	assert.Equal(t, http.StatusServiceUnavailable, ready.StatusCode)
	assert.Contains(t, ready.body, "session store")
	w.checkOthers(b)
	// After two seconds each page would write the time of last use.
	for began := time.Now(); time.Since(began) < 2200*time.Millisecond; time.Sleep(10 * time.Millisecond) {
		require.Contains(t, b.get("/").body, "Welcome ", "reading goes on")
	}
	assert.Equal(t, http.StatusOK, b.get("/sessions").StatusCode)
	assert.Equal(t, http.StatusOK, b.get("/call_api").StatusCode)
}
