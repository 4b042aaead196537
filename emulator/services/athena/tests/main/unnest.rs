//! UNNEST and lambdas over real rows.

use crate::lake::Desk;

#[tokio::test]
async fn arrays_of_rows_become_rows() {
    let desk = Desk::new().await;
    assert_eq!(
        desk.rows("SELECT p.key, t.tag FROM photos p CROSS JOIN UNNEST(p.tags) AS t(tag) ORDER BY 1, 2").await,
        ["a.jpg,sea", "a.jpg,sun", "c.jpg,sea"]
    );
    assert_eq!(
        desk.rows("SELECT key, tag, n FROM photos, UNNEST(tags) WITH ORDINALITY AS t(tag, n) ORDER BY 1, 3").await,
        ["a.jpg,sea,1", "a.jpg,sun,2", "c.jpg,sea,1"]
    );
    assert_eq!(
        desk.rows("SELECT key, tag FROM photos LEFT JOIN UNNEST(tags) AS t(tag) ON TRUE ORDER BY 1, 2").await,
        ["a.jpg,sea", "a.jpg,sun", "b.jpg,-", "c.jpg,sea"]
    );
    assert_eq!(
        desk.rows("SELECT tag, count(*) FROM photos CROSS JOIN UNNEST(tags) AS t(tag) GROUP BY tag ORDER BY 2 DESC, 1").await,
        ["sea,2", "sun,1"]
    );
}

#[tokio::test]
async fn several_arrays_maps_and_rows_are_unnested() {
    let desk = Desk::new().await;
    assert_eq!(desk.rows("SELECT * FROM UNNEST(ARRAY[1, 2], ARRAY['a', 'b', 'c']) AS t(n, s)").await, ["1,a", "2,b", "-,c"]);
    assert_eq!(desk.rows("SELECT * FROM UNNEST(MAP(ARRAY['x', 'y'], ARRAY[1, 2])) AS t(k, v) ORDER BY k").await, ["x,1", "y,2"]);
    assert_eq!(desk.rows("SELECT a, b FROM UNNEST(ARRAY[ROW(1, 'x'), ROW(2, 'y')]) AS t(a, b)").await, ["1,x", "2,y"]);
    assert_eq!(desk.rows("SELECT sum(n) FROM UNNEST(sequence(1, 10)) AS t(n)").await, ["55"]);
}

#[tokio::test]
async fn lambdas_see_their_row() {
    let desk = Desk::new().await;
    assert_eq!(
        desk.rows("SELECT key, transform(tags, t -> t || '@' || owner) FROM photos ORDER BY key").await,
        ["a.jpg,[sea@ada, sun@ada]", "b.jpg,[]", "c.jpg,[sea@bob]"]
    );
    assert_eq!(desk.rows("SELECT key FROM photos WHERE any_match(tags, t -> t = 'sun')").await, ["a.jpg"]);
}
