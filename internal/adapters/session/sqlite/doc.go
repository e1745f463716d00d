// Package sqlite is a session store in a file. It survives a restart and needs no
// server.
//
// The file is an SQLite database in WAL mode with synchronous=NORMAL. A completed
// write survives if the process is killed. A power cut or a crash of the operating
// system can lose the last writes, at most those since the last checkpoint (1000
// pages of 4 KiB), but never a part of one write. Then somebody has to sign in
// again, or an ended session is valid again until it expires. Two more files, with
// -wal and -shm at the end of the name, belong to the database. Copy and move all
// three together.
//
// Reads run concurrently with each other and with a write. Writes of one process
// run one after the other. Several processes on the same machine can use one file,
// with all guarantees of ports.SessionStore; a write waits up to two seconds for
// another process. Processes on different machines must not share a file through a
// network file system, because its locks are not reliable.
//
// Open refuses a file of another program and leaves it, and the files next to it,
// unchanged.
//
// Expired records are invisible at once. A background sweep removes them a few at
// a time. The space is used again, but the file does not shrink.
package sqlite
