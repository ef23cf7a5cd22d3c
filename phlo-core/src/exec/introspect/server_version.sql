-- The version of the server as a number: 150018.
select current_setting('server_version_num')
