// Package postgres is a session store in a PostgreSQL database, for several instances
// of the application.
//
// At the first use it creates its tables in the first schema of the search_path:
// webapp_session_records, webapp_session_indexes and webapp_session_schema. The
// role needs the right to create them, or an administrator creates them beforehand.
// The tables are logged. A crash of the server would empty unlogged tables and so
// sign everybody out, and a standby has no copy of them. The store does not turn
// synchronous_commit off, because a crash could then bring an ended session back.
//
// Records expire by the clock of the application, so the clocks of instances may
// differ by seconds only. Expired records are invisible at once. A background sweep
// of any instance removes them a few at a time.
//
// The number of sessions in the metrics is counted at most every fifteen seconds and
// takes at most a hundredth of a processor, so it is counted less often if the table
// is large. A count that takes two seconds, with more than a million sessions, is
// cancelled and gives no number.
//
// Statements are prepared once for each connection. A connection pooler must support
// prepared statements, as PgBouncer does from 1.21 with max_prepared_statements. For
// others add default_query_exec_mode=exec to the URL. Transaction pooling is enough,
// because the store uses no session state of PostgreSQL.
package postgres
