"""The web server: gunicorn starts, watches and stops the processes; waitress talks to the clients.

`gunicorn.conf.py` names `worker.BufferingWorker`. Per process, one event loop reads requests and writes responses, so a
slow client occupies a socket and no thread. gunicorn's own workers, and granian's, read requests in the threads that
process them; docs/operations.md has the measurements.

* `worker`: the process and its event loop
* `server`: accepts connections; limits the time that one pass of the loop spends on bodies
* `connection`: one client: reading, timeouts, lingering close
* `parser`: one request, and the limits of its route
* `responses`: what is sent back
* `fair_queue`: the order in which complete requests get a thread
"""
