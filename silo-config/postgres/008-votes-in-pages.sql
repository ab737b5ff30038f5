-- A row of votes fills most of a page and stays in it. PostgreSQL would cut it into four parts, in a table and an index of their own.
ALTER TABLE vote_batch SET (toast_tuple_target = 8160);
