<?php
header('Content-Type: text/event-stream');
header('Cache-Control: no-cache');
while (ob_get_level() > 0 && !isset($_GET['buffered'])) {
    ob_end_flush();
}
while (!connection_aborted()) {
    echo "event: ping\n", 'data: {"time": "', date(DATE_ATOM), '"}', "\n\n";
    flush();
    usleep(100_000);
}
