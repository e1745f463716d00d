// Package sqlite is a session store in a file, which survives a restart of the
// process and needs no server.
//
// The file is an SQLite database in WAL mode with synchronous=NORMAL: a write
// that has been answered survives the process being killed. A power cut or a
// crash of the operating system can lose the last writes, at most those since
// the last checkpoint (1000 pages of 4 KiB), but never leaves a part of one:
// somebody has to sign in again, or an ended session is there until it runs
// out. Next to the file stand two more, named as it is with -wal and -shm; they
// belong to it and are copied and moved with it.
//
// Reads run beside each other and beside a write. Writes of one process take
// turns. Several processes on the same machine may use one file: all that the
// contract says of two callers at once holds between them as well, and a write
// waits up to two seconds for that of another process. Processes on different
// machines must not share a file through a network file system, whose locks
// cannot be relied on.
//
// A file of another program is refused and left byte for byte as it was, with
// what stands next to it.
//
// Expired records are invisible at once and removed in the background, a few
// at a time. The space of removed records is used again; the file does not
// shrink.
package sqlite
