-- What holds while the catalogue is read. With an empty path every name outside pg_catalog is
-- printed with its schema; the rest makes constants in defaults print alike in every session.
set local search_path = '';
set local quote_all_identifiers = off;
set local datestyle = 'ISO, MDY';
set local intervalstyle = 'postgres';
set local timezone = 'UTC';
set local bytea_output = 'hex';
set local extra_float_digits = 1;
-- Compiling these short queries costs more than running them.
set local jit = off;
